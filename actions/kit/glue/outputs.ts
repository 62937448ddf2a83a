import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';

export type Outputs = Readonly<Record<string, string | number | boolean>>;

/** Appends values to the file GitHub reads outputs from; a later value of a name replaces an earlier one. Without a file nothing is kept. */
export function writeOutputs(path: string | undefined, outputs: Outputs): void {
  if (path === undefined || path === '') return;
  const entries = Object.entries(outputs).map(([name, value]) => {
    // A delimiter nobody can guess: a value cannot end its own entry and begin another.
    const end = `end_${randomUUID()}`;
    return `${name}<<${end}\n${String(value)}\n${end}\n`;
  });
  appendFileSync(path, entries.join(''));
}
