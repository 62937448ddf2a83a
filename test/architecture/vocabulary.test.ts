import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url).pathname;

/** One object per noun and one function per idea: the name that may be exported once, and where it lives. */
const ONCE: readonly (readonly [name: string, home: string])[] = [
  ['Check', 'src/core/check.ts'],
  ['Outcome', 'src/core/check.ts'],
  ['Report', 'src/core/check.ts'],
  ['Verdict', 'src/core/check.ts'],
  ['Market', 'src/core/markets.ts'],
  ['Feature', 'src/core/features.ts'],
  ['parseInstant', 'src/core/instants.ts'],
  ['retry', 'src/platform/retry.ts'],
  ['openOutbox', 'src/platform/notify/outbox.ts'],
  ['escapeHtml', 'src/platform/report/escape.ts'],
  ['escapeMarkdown', 'src/platform/report/escape.ts'],
  ['percent', 'src/core/format.ts'],
];
/** Words for what is an outcome: a type of exactly this name would be another vocabulary. */
const NEVER = ['Finding'];

/** The modules that export something of this name. */
function homesOf(name: string, files: readonly (readonly [path: string, text: string])[]): string[] {
  const declares = new RegExp(
    `^export (?:declare )?(?:abstract )?(?:async )?(?:type|interface|class|enum|const|let|function\\*?) ${name}\\b`,
    'm',
  );
  const lists = new RegExp(`^export (?:type )?\\{[^}]*\\b${name}\\b[^}]*\\}`, 'm');
  return files.filter(([, text]) => declares.test(text) || lists.test(text)).map(([path]) => path);
}

const files = ['src', 'actions', 'scripts'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => [`${folder}/${path}`, readFileSync(join(ROOT, folder, path), 'utf8')] as const),
);

describe('the vocabulary', () => {
  it.each(ONCE)('has one %s, in %s', (name, home) => {
    expect(homesOf(name, files)).toEqual([home]);
  });

  it.each(NEVER)('has no %s beside it', (name) => {
    expect(homesOf(name, files)).toEqual([]);
  });

  it.each([
    'export interface Outcome {\n}',
    'export type Outcome = string;',
    'export class Outcome {}',
    'type Outcome = string;\nexport { a, type Outcome };',
    "export type { Outcome } from './a.ts';",
  ])('would be seen to have a second one in %j', (text) => {
    expect(homesOf('Outcome', [...files, ['src/guard/planted.ts', text]])).toEqual([
      'src/core/check.ts',
      'src/guard/planted.ts',
    ]);
  });

  it.each([
    'export interface CanaryOutcome {\n}',
    'interface Outcome {\n}',
    "import type { Outcome } from '#core/check.ts';",
  ])('is not disturbed by %j', (text) => {
    expect(homesOf('Outcome', [['src/guard/planted.ts', text]])).toEqual([]);
  });
});
