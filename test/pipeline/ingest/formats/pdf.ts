import { deflateSync } from 'node:zlib';

/** A cell of a page as a reader sees it: x to the right, y upwards. */
export type Cell = readonly [x: number, y: number, text: string];

export interface PdfOptions {
  /** `cells` prints a cell at once on portrait paper turned by 90 degrees; `words` prints word by word on landscape paper. */
  readonly printed?: 'cells' | 'words';
  readonly createdAt?: string;
}

const SIZE = 8;
/** Courier is as wide as this for every letter, so that the place of each word is known. */
const LETTER = 0.6 * SIZE;
const SPACE = SIZE / 4;
const [LONG, SHORT] = [842, 595];

/** A PDF document made of pages of cells. */
export function pdfDocument(
  pages: readonly (readonly Cell[])[],
  { printed = 'words', createdAt }: PdfOptions = {},
): Uint8Array {
  const isTurned = printed === 'cells';
  const objects: Buffer[] = [];
  const add = (body: string | Buffer): number =>
    objects.push(Buffer.isBuffer(body) ? body : Buffer.from(body, 'latin1'));
  add('<< /Type /Catalog /Pages 2 0 R >>');
  const kids = pages.map((_, index) => `${4 + 2 * index} 0 R`).join(' ');
  add(`<< /Type /Pages /Count ${pages.length} /Kids [${kids}] >>`);
  add('<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>');
  pages.forEach((page, index) => {
    const box = isTurned ? `[0 0 ${SHORT} ${LONG}] /Rotate 90` : `[0 0 ${LONG} ${SHORT}]`;
    add(
      `<< /Type /Page /Parent 2 0 R /MediaBox ${box} /Resources << /Font << /F 3 0 R >> >> /Contents ${5 + 2 * index} 0 R >>`,
    );
    const content = deflateSync(Buffer.from(page.map((cell) => shown(cell, isTurned)).join('\n'), 'latin1'));
    add(
      Buffer.concat([
        Buffer.from(`<< /Length ${content.length} /Filter /FlateDecode >>\nstream\n`),
        content,
        Buffer.from('\nendstream'),
      ]),
    );
  });
  const info = createdAt === undefined ? '' : ` /Info ${add(`<< /CreationDate (${createdAt}) >>`)} 0 R`;
  return document(objects, info);
}

function shown([x, y, text]: Cell, isTurned: boolean): string {
  if (isTurned)
    return `BT /F ${SIZE} Tf ${SPACE - LETTER} Tw 0 1 -1 0 ${SHORT - y} ${x} Tm ${literal(text)} Tj ET`;
  let at = x;
  const words: string[] = [];
  // A hyphen ends a piece, as it does in the league's documents.
  for (const word of text.split(/(?<=[- ])/)) {
    words.push(`BT /F ${SIZE} Tf 1 0 0 1 ${at} ${y} Tm ${literal(word.trimEnd())} Tj ET`);
    at += LETTER * word.trimEnd().length + (word.endsWith(' ') ? SPACE : 0);
  }
  return words.join('\n');
}

function literal(text: string): string {
  return `(${text.replace(/[\\()]/g, '\\$&')})`;
}

function document(objects: readonly Buffer[], info: string): Uint8Array {
  const parts: Buffer[] = [Buffer.from('%PDF-1.5\n%\u00e2\u00e3\n', 'latin1')];
  const offsets: number[] = [];
  const length = (): number => parts.reduce((sum, part) => sum + part.length, 0);
  objects.forEach((body, index) => {
    offsets.push(length());
    parts.push(Buffer.from(`${index + 1} 0 obj\n`), body, Buffer.from('\nendobj\n'));
  });
  const at = length();
  const rows = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  parts.push(
    Buffer.from(
      `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${rows}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R${info} >>\nstartxref\n${at}\n%%EOF\n`,
    ),
  );
  return new Uint8Array(Buffer.concat(parts));
}
