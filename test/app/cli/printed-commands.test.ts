import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { program } from '#app/cli/program.ts';

const ROOT = join(import.meta.dirname, '../../..');
const FOLDERS = ['src', 'actions', 'scripts', 'docs', '.github'];
const FILES = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'schema/README.md'];

/** A placeholder in a printed command: of a document, of a check, of a message that is filled in. */
const PLACEHOLDERS =
  /<[\w ]+>|\{\w+\}|\$\{[^{}]*\}|'[^']*'|"[^"]*"|\b(?:DATE|SLATE|PLAYER|NAME|INSTANT|FILE|DIR)\b/g;
const COMMAND = /(?:npx tipoff|`tipoff|(?<=(?:then|or|first|and|repair: '|; ) ?)tipoff) ([a-z][^`\n\\]*)/g;

interface Printed {
  readonly where: string;
  readonly text: string;
}

/** Every `tipoff` command that sources and documents print. */
function printedIn(where: string, text: string): Printed[] {
  return [...text.matchAll(COMMAND)].map(([, rest = '']) => ({ where, text: rest }));
}

/** Words of a printed command up to where the sentence goes on. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const word of text.replaceAll(PLACEHOLDERS, 'VALUE').split(/\s+/)) {
    const isEnd = /[.,;:?)!]+$/.test(word);
    const bare = word.replace(/[.,;:?)!'"`]+$/, '');
    if (!/^(?:[a-z][a-z-]*|--?[a-z-]+|VALUE|[A-Z_]{3,}|\d[\w:.-]*|[\w./-]+\/[\w./-]+|all)$/.test(bare)) break;
    words.push(bare);
    if (isEnd) break;
  }
  return words;
}

/** What is wrong with a printed command: undefined when it can be pasted, or only names a verb. */
function problemOf(words: readonly string[]): string | undefined {
  let at: Command = program({
    streams: { out: () => undefined, err: () => undefined },
    exit: () => undefined,
  });
  const rest = [...words];
  while (rest.length > 0) {
    const next = at.commands.find((command) => command.name() === rest[0]);
    if (next === undefined) break;
    at = next;
    rest.shift();
  }
  if (at.parent === null) return `no verb ${words[0]}`;
  const globals = topOf(at).options;
  const given = rest.filter((word) => word.startsWith('-'));
  for (const flag of given) {
    const known = [...at.options, ...globals].some(({ long, short }) => long === flag || short === flag);
    if (!known && flag !== '--help') return `no option ${flag} of ${at.name()}`;
  }
  // A verb in a sentence, without anything behind it, is named and not meant to be pasted.
  if (given.length === 0 || at.commands.length > 0) return undefined;
  const missing = at.options.find(({ mandatory, long }) => mandatory && !given.includes(long ?? ''));
  return missing === undefined ? undefined : `${at.name()} needs ${missing.flags}`;
}

function topOf(command: Command): Command {
  return command.parent === null ? command : topOf(command.parent);
}

const printed = [
  ...FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(?:ts|md|yml|sh)$/.test(path))
      .map((path) => join(folder, path)),
  ),
  ...FILES,
].flatMap((path) => printedIn(path, readFileSync(join(ROOT, path), 'utf8')));

describe('printed commands', () => {
  it('can be run as they are printed', () => {
    expect(printed.length).toBeGreaterThan(200);
    const wrong = printed.flatMap(({ where, text }) => {
      const problem = problemOf(wordsOf(text));
      return problem === undefined ? [] : [`${where}: tipoff ${text.slice(0, 80)}: ${problem}`];
    });
    expect(wrong).toEqual([]);
  });

  it.each([
    ['`tipoff dai 2025-01-10`', 'no verb dai'],
    ['npx tipoff schema apply --dryrun', 'no option --dryrun of apply'],
    ["repair: 'tipoff batch reset --slate {slate}'", 'reset needs --reason <reason>'],
    ['tipoff fetch <slate>, or tipoff grades <slate>', 'no verb grades'],
  ])('would be seen to be wrong in %s', (text, problem) => {
    const [found] = printedIn('planted', text).slice(-1);
    expect(problemOf(wordsOf(found?.text ?? ''))).toBe(problem);
  });

  it.each([
    '`tipoff day {slate}`',
    '`tipoff publish undo <publication> --reason bias`, then look',
    '`tipoff batch reset`',
  ])('is right: %s', (text) => {
    const [found] = printedIn('planted', text);
    expect(problemOf(wordsOf(found?.text ?? ''))).toBeUndefined();
  });
});
