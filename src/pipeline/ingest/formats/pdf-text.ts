import { inflateSync } from 'node:zlib';
import { messageOf } from '#core/errors.ts';
import type { InputFile } from '#pipeline/ingest/format.ts';
import { unreadable } from './fields.ts';
import type { PositionedText } from './injury-layout.ts';

/** The text of a PDF document with the places where it is printed. */
export interface PdfText {
  /** Pieces of text per page as a reader sees it, rotation applied: x grows to the right, y upwards, both in points. */
  readonly pages: readonly (readonly PositionedText[])[];
  /** When the producer made the document, as its `/CreationDate` prints it (`D:20250115173002-05'00'`); null where it says nothing. */
  readonly createdAt: string | null;
}

/** A gap between two pieces of one line below this share of the font's height is a space between words, not the edge of a column. */
const WORD_GAP = 0.45;
/** A gap below this share is none: "Two-" and "Way" are pieces of one word. A space is about a quarter. */
const LETTER_GAP = 0.1;
/** Pieces whose heights on the page differ by less, in points, are on one line. */
const SAME_LINE = 0.5;

/** The filter of a stream that holds deflated bytes and nothing else around them. */
const ONLY_DEFLATED = /\/Filter\s*(?:\/FlateDecode\b|\[\s*\/FlateDecode\s*\])/;
/** Bytes before a stream in which its dictionary is looked for. */
const DICTIONARY_LENGTH = 400;

interface Piece extends PositionedText {
  readonly width: number;
  readonly height: number;
}

/**
 * Reads the text of a PDF document. Some producers print one piece of text per cell, others one per word; words of one
 * line are joined, so that both come out alike. Throws TIPOFF_BAD_INPUT for a document that is damaged or encrypted:
 * an unreadable page is never an empty one.
 */
export async function pdfText(file: InputFile): Promise<PdfText> {
  checkStreams(file);
  // Only who reads a PDF pays for loading its reader (a fifth of a second).
  const pdfjs = await import('pdfjs-dist/legacy/build/pdf.mjs');
  // The reader takes the buffer it is given for its own.
  const task = pdfjs.getDocument({
    data: new Uint8Array(file.bytes),
    verbosity: pdfjs.VerbosityLevel.ERRORS,
    stopAtErrors: true,
    useSystemFonts: false,
  });
  try {
    const document = await task.promise;
    const { info } = await document.getMetadata();
    const created = 'CreationDate' in info ? info.CreationDate : undefined;
    const pages: PositionedText[][] = [];
    for (let number = 1; number <= document.numPages; number += 1) {
      const page = await document.getPage(number);
      const viewport = page.getViewport({ scale: 1 });
      const { items } = await page.getTextContent();
      const pieces = items.flatMap((item): Piece[] => {
        if (!('str' in item) || item.str.trim() === '') return [];
        const [x = 0, down = 0] = viewport.convertToViewportPoint(item.transform[4], item.transform[5]);
        return [
          { x, y: viewport.height - down, text: item.str.trim(), width: item.width, height: item.height },
        ];
      });
      pages.push(joinWords(pieces));
    }
    return { pages, createdAt: typeof created === 'string' ? created : null };
  } catch (cause) {
    throw unreadable(file, 'a whole PDF document', `one that does not read (${messageOf(cause)})`, cause);
  } finally {
    await task.destroy();
  }
}

/**
 * Holds every compressed stream of the document against its checksum. The reader does not: a hole in a page would cost
 * some of its text and be no error.
 */
function checkStreams(file: InputFile): void {
  const bytes = Buffer.from(file.bytes.buffer, file.bytes.byteOffset, file.bytes.byteLength);
  const text = bytes.toString('latin1');
  for (const match of text.matchAll(/\bstream\r?\n/g)) {
    const dictionary = text.slice(Math.max(0, match.index - DICTIONARY_LENGTH), match.index);
    const isCompressed = ONLY_DEFLATED.test(dictionary.slice(dictionary.lastIndexOf(' obj') + 1));
    const start = match.index + match[0].length;
    const end = text.indexOf('endstream', start);
    if (!isCompressed || end < 0) continue;
    try {
      inflateSync(bytes.subarray(start, end));
    } catch (cause) {
      throw unreadable(
        file,
        'a whole PDF document',
        `a damaged stream at byte ${start} (${messageOf(cause)})`,
        cause,
      );
    }
  }
}

/** Joins the words of each line; pieces of a line get one height, so that readers may compare heights exactly. */
function joinWords(pieces: readonly Piece[]): PositionedText[] {
  const joined: PositionedText[] = [];
  for (const line of linesOf(pieces)) {
    let current: Piece | undefined;
    for (const piece of line.sort((a, b) => a.x - b.x)) {
      const gap =
        current === undefined
          ? Number.POSITIVE_INFINITY
          : (piece.x - current.x - current.width) / current.height;
      if (current !== undefined && gap < WORD_GAP) {
        const between = gap < LETTER_GAP ? '' : ' ';
        current = {
          ...current,
          text: `${current.text}${between}${piece.text}`,
          width: piece.x + piece.width - current.x,
        };
      } else {
        if (current !== undefined) joined.push(placed(current, line));
        current = piece;
      }
    }
    if (current !== undefined) joined.push(placed(current, line));
  }
  return joined;
}

function placed({ x, text }: Piece, [first]: readonly Piece[]): PositionedText {
  return { x, y: first?.y ?? 0, text };
}

function linesOf(pieces: readonly Piece[]): Piece[][] {
  const lines: Piece[][] = [];
  for (const piece of [...pieces].sort((a, b) => b.y - a.y)) {
    const line = lines.at(-1);
    if (line !== undefined && (line[0]?.y ?? 0) - piece.y < SAME_LINE) line.push(piece);
    else lines.push([piece]);
  }
  return lines;
}
