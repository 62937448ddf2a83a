import type { InputFile, InputFormat, ParsedFile } from '#pipeline/ingest/format.ts';
import type { SourceFile } from '#pipeline/ingest/ingest.ts';

/** A file made of text. */
export function textFile(path: string, text: string): InputFile {
  return { path, bytes: new TextEncoder().encode(text) };
}

/** A file for `ingest` made of text. */
export function textSource(path: string, text: string): SourceFile {
  return { path, read: async () => textFile(path, text).bytes };
}

/** A CSV text from rows given as objects; all rows have the columns of the first. */
export function csvText(rows: readonly Readonly<Record<string, string | number>>[]): string {
  const header = Object.keys(rows[0] ?? {});
  const lines = rows.map((row) => header.map((name) => row[name] ?? '').join(','));
  return `${[header.join(','), ...lines].join('\n')}\n`;
}

/** What a format makes of a text, and the proof that no unit got lost. */
export async function parsed(format: InputFormat, text: string, path = 'a/file.csv'): Promise<ParsedFile> {
  const result = await format.parse(textFile(path, text));
  const told = result.rows.length + result.duplicates + result.rejected.length;
  if (told !== result.read) throw new Error(`read ${result.read} units, told of ${told}`);
  return result;
}

/** Field and reason of every rejected unit. */
export function rejections(result: ParsedFile): string[] {
  return result.rejected.map(({ line, field, reasonCode }) => `${line} ${field} ${reasonCode}`);
}
