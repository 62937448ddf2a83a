import type { Statement } from '#core/statement.ts';
import { byText } from './model.ts';
import { type SourceLiteral, sourceLiterals } from './source-literals.ts';

/** Placeholder for an expression whose value is known only at run time. */
const HOLE = '@tipoff_hole';

/** A source file of the repository; `path` is relative to its root, with slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** A statement of the code with its place. Parts known only at run time (a table chosen by an argument) are holes. */
export interface SqlText extends Statement {
  readonly path: string;
  readonly line: number;
  /** Whether the text is exactly what the warehouse gets; otherwise `HOLE` replaces the unknown parts. */
  readonly isWhole: boolean;
}

const VERB = /^\s*(?:SELECT|WITH|INSERT\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO)\s/;
/** Files without one of these words contain no statement. */
const ANY_VERB = /\b(?:SELECT|INSERT|UPDATE|DELETE|MERGE)\s/;
const CLAUSE = /\b(?:FROM|SELECT|SET|VALUES)\b/;
/** Folders whose SQL belongs to an engine, the simulator or the lint itself. */
const OUTSIDE = /^src\/(?:platform|simulate|core|guard\/schema)\//;

/**
 * Every statement of the code with its owner: the registered ones, and all source literals that are whole
 * statements, with constants of the same and of imported files substituted. A literal that is part of a
 * registered statement gives that statement its place and is not listed again. Ordered by path and line.
 */
export function sqlCatalogue(files: readonly SourceFile[], registered: readonly Statement[]): SqlText[] {
  const constants = constantsOf(files);
  const embedded = new Set<string>();
  const texts = files
    .filter(({ text }) => ANY_VERB.test(text))
    .flatMap((file) =>
      constants
        .literals(file.path)
        .map((literal) => ({ literal, sql: constants.resolve(file.path, literal, embedded) }))
        .filter(({ sql }) => VERB.test(sql) && CLAUSE.test(sql))
        .map(({ literal, sql }) => ({
          literal,
          parts: sql.split(HOLE).map((part) => part.trim()),
          text: {
            owner: ownerOf(file, literal.line),
            path: file.path,
            line: literal.line,
            sql,
            isWhole: !sql.includes(HOLE),
          },
        })),
    );
  const parts = new Set<(typeof texts)[number]>();
  const known = registered.map((each): SqlText => {
    const literals = texts.filter((literal) => hasParts(each.sql, literal.parts));
    for (const literal of literals) parts.add(literal);
    const [longest] = literals.toSorted((a, b) => b.text.sql.length - a.text.sql.length);
    return { ...each, path: longest?.text.path ?? 'src', line: longest?.text.line ?? 1, isWhole: true };
  });
  const own = texts
    .filter((each) => !parts.has(each) && !OUTSIDE.test(each.text.path))
    .filter(
      ({ literal, text }) => literal.name === undefined || !embedded.has(`${text.path} ${literal.name}`),
    )
    .map(({ text }) => text);
  return [...known, ...own].sort((a, b) => byText(a.path, b.path) || a.line - b.line);
}

/** Whether the parts occur in a statement, in this order. */
function hasParts(sql: string, parts: readonly string[]): boolean {
  let at = 0;
  return parts.every((part) => {
    const found = sql.indexOf(part, at);
    at = found + part.length;
    return found >= 0;
  });
}

function ownerOf({ path, text }: SourceFile, line: number): string {
  const file = /^src\/pipeline\/exports\/(.+)\.ts$/.exec(path)?.[1];
  if (file !== undefined) return `export ${file}`;
  if (path.startsWith('src/guard/canaries/catalogue/')) {
    const before = text.split('\n').slice(0, line).join('\n');
    const id = [...before.matchAll(/^\s*(?:export const \w+ = \{ )?id: '(\w+)'/gm)].at(-1)?.[1];
    if (id !== undefined) return `canary ${id}`;
  }
  return path.replace(/^src\//, '').replace(/\.ts$/, '');
}

interface Constants {
  readonly literals: (path: string) => readonly SourceLiteral[];
  resolve(path: string, literal: SourceLiteral, embedded: Set<string>): string;
}

function constantsOf(files: readonly SourceFile[]): Constants {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const read = new Map<string, readonly SourceLiteral[]>();
  const literals = (path: string): readonly SourceLiteral[] => {
    const text = byPath.get(path)?.text ?? '';
    const known = read.get(path) ?? [...sourceLiterals(text), ...numbersOf(text)];
    read.set(path, known);
    return known;
  };
  const imports = new Map<string, ReadonlyMap<string, string>>();
  const importsOf = (path: string): ReadonlyMap<string, string> => {
    const known = imports.get(path) ?? readImports(path, byPath.get(path)?.text ?? '');
    imports.set(path, known);
    return known;
  };
  const named = (path: string, name: string): SourceLiteral | undefined =>
    literals(path).find((literal) => literal.name === name);
  const hole = (path: string, expression: string, embedded: Set<string>, depth: number): string => {
    const text = expression.trim();
    const contract = /^tableId\((\w+)\)$/.exec(text)?.[1];
    if (contract !== undefined)
      return contractId(byPath.get(importsOf(path).get(contract) ?? '')?.text, contract) ?? HOLE;
    if (!/^[A-Za-z_$][\w$]*$/.test(text) || depth > 8) return HOLE;
    const home = named(path, text) === undefined ? importsOf(path).get(text) : path;
    const literal = home === undefined ? undefined : named(home, text);
    if (home === undefined || literal === undefined) return HOLE;
    embedded.add(`${home} ${text}`);
    return joined(home, literal, embedded, depth + 1);
  };
  const joined = (path: string, literal: SourceLiteral, embedded: Set<string>, depth: number): string =>
    literal.parts
      .map((part, i) =>
        i === 0 ? part : `${hole(path, literal.holes[i - 1] ?? '', embedded, depth)}${part}`,
      )
      .join('');
  return { literals, resolve: (path, literal, embedded) => joined(path, literal, embedded, 0) };
}

/** Constants that are whole numbers or decimals. */
function numbersOf(text: string): SourceLiteral[] {
  return [...text.matchAll(/^(?:export )?const (\w+) = ([\d.]+);/gm)].map(([, name = '', value = '']) => ({
    parts: [value],
    holes: [],
    line: 1,
    name,
  }));
}

/** Imported names of a file with the path they come from. */
function readImports(path: string, text: string): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const [, list = '', from = ''] of text.matchAll(
    /import\s+(?:type\s+)?\{([^}]*)\}\s+from\s+'([^']+)'/g,
  )) {
    const home = from.startsWith('#')
      ? `src/${from.slice(1)}`
      : `${path.slice(0, path.lastIndexOf('/'))}/${from.replace(/^\.\//, '')}`;
    for (const name of list.split(',')) names.set(name.replace(/^\s*type\s+/, '').trim(), home);
  }
  return names;
}

/** The id of the table that a constant of a file of contracts declares. */
function contractId(text: string | undefined, constant: string): string | undefined {
  const declaration = `const ${constant} = defineTable\\(\\{\\s*dataset: '(\\w+)',\\s*name: '(\\w+)'`;
  const [, dataset, name] = new RegExp(declaration).exec(text ?? '') ?? [];
  return dataset === undefined || name === undefined ? undefined : `${dataset}.${name}`;
}
