import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sourceLiterals } from '#guard/schema/source-literals.ts';

const ROOT = join(import.meta.dirname, '../../..');
const SOURCES = ['src', 'actions'];
const DOCUMENTS = ['docs', '.github', 'schema', 'test/cloud'];
const FILES = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md'];

/** A command line that sources or documents print. */
export interface Printed {
  /** File that prints it, below the root of the repository. */
  readonly where: string;
  /** The words from the program on; a placeholder is a name between angle brackets. */
  readonly words: readonly string[];
  /** False where the sentence may go on behind it: it stands neither between backticks nor on a line of its own. */
  readonly isWhole: boolean;
}

const PROGRAM = '(?:npx tipoff|tipoff|npm run|npm start|npm test|npm ci|gh|gcloud|bq)';
const QUOTED = new RegExp(`\`(${PROGRAM}(?: [a-z-][^\`]*)?)\``, 'g');
const BARE =
  /(?<![\w./@#-])(?:npx tipoff|tipoff|npm run) [a-z-]|(?<![\w./@#-])gh (?:run|variable|secret|workflow|auth) [a-z]|(?<![\w./@#-])gcloud (?:run|auth|secrets|logging|scheduler|projects) [a-z]/g;
/** Who did something, for a receipt; what the key of a file is for; what a shell is told. */
const NO_COMMAND = /\bby: '[^']*'|'tipoff back-up'|`complete -c [^`]*`/g;
/** Where a command in a sentence ends. */
const END = /[;,:?!](?:\s|$)|\.(?:\s|$)| \(|\)|\n| {2,}#|\s+#\s|$/;

/** Every command line of the repository that people are shown. */
export function printedCommands(): Printed[] {
  const below = (folder: string, kind: RegExp): string[] =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => kind.test(path) && !path.includes('node_modules'))
      .map((path) => join(folder, path));
  const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
  return [
    ...SOURCES.flatMap((folder) => below(folder, /\.tsx?$/)).flatMap((path) =>
      printedBySource(path, read(path)),
    ),
    ...[...DOCUMENTS.flatMap((folder) => below(folder, /\.md$/)), ...FILES].flatMap((path) =>
      printedByDocument(path, read(path)),
    ),
  ];
}

/** The commands in the texts of a source: between backticks, as a whole text, or in a sentence. */
export function printedBySource(where: string, source: string): Printed[] {
  return sourceLiterals(source.replaceAll(NO_COMMAND, "''")).flatMap(({ parts, holes }) =>
    printedBy(
      where,
      parts.map((part, i) => (i === 0 ? part : `<${placeholderOf(holes[i - 1] ?? '')}>${part}`)).join(''),
    ),
  );
}

/** The commands of a document: its blocks of shell, line by line, and what stands between backticks. */
export function printedByDocument(where: string, text: string): Printed[] {
  const blocks: Printed[] = [];
  const prose = text.replace(/```(\w*)\n([\s\S]*?)```/g, (_all, language: string, block: string) => {
    for (const line of block.replaceAll(/\\\n\s*/g, '').split('\n')) {
      // What repairs is a sentence of commands; a block of shell has one a line, or some that feed each other.
      if (language === '') blocks.push(...printedBy(where, line));
      else if (language === 'sh')
        blocks.push(...line.split(/ && | \| |; |\$\(|\)/).flatMap((one) => onItsLine(where, one)));
    }
    return '';
  });
  return [...blocks, ...[...prose.matchAll(QUOTED)].map(([, command = '']) => whole(where, command))];
}

function onItsLine(where: string, line: string): Printed[] {
  const command = line.trim().replace(/^(?:[A-Z_]+=\S+ )+/, '');
  return new RegExp(`^${PROGRAM}(?: |$)`).test(command) ? [whole(where, command)] : [];
}

function printedBy(where: string, text: string): Printed[] {
  const quoted = [...text.matchAll(QUOTED)].map(([, command = '']) => whole(where, command));
  const rest = text.replaceAll(QUOTED, ' ');
  const bare = [...rest.matchAll(BARE)].map(({ index }) => {
    const from = rest.slice(index);
    const end = outsideOfQuotes(from);
    return { where, words: wordsOf(from.slice(0, end)), isWhole: index === 0 && end === from.length };
  });
  return [...quoted, ...bare];
}

function whole(where: string, command: string): Printed {
  return { where, words: wordsOf(command.replace(/\s+#\s.*$/, '')), isWhole: true };
}

/** Where a command ends that stands in a sentence: a query in quotes may hold anything. */
function outsideOfQuotes(text: string): number {
  const hidden = text.replaceAll(/"[^"]*"|<[^<>]*>/g, (found) => 'x'.repeat(found.length));
  return END.exec(hidden)?.index ?? text.length;
}

/** The words of a command line: quotes keep words together, and so do placeholders. */
function wordsOf(command: string): string[] {
  const words = command.matchAll(/(?:"[^"]*"|'[^']*'|<[^<>]*>|\{\w+\}|[^\s"'<>{]|[<>{])+/g);
  return [...words].map(([word]) =>
    word.replaceAll(/"([^"]*)"|'([^']*)'/g, '$1$2').replaceAll(/\{(\w+)\}/g, '<$1>'),
  );
}

/** The name of what a template puts in: the last name of its expression. */
function placeholderOf(hole: string): string {
  return /(\w+)(?:\(\))?(?:\s*\?\?.*)?\s*$/.exec(hole)?.[1] ?? 'value';
}
