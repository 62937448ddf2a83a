import type { Usage } from './compare.ts';
import { type Schema, type SchemaColumn, type SchemaTable, splitId } from './model.ts';
import type { SourceFile } from './sql-catalogue.ts';
import type { ReadStatement } from './statement-reader.ts';
import { writesOf } from './written-columns.ts';

/** Where the sources declare a contract. */
export interface ContractSource {
  readonly path: string;
  /** Name of the exported constant. */
  readonly constant: string;
  /** Text of the file from the declaration to the next one. */
  readonly text: string;
  /** 1-based line on which the declaration begins. */
  readonly line: number;
}

const DECLARATION = /^export const (\w+) = defineTable\(\{\s*dataset: '(\w+)',\s*name: '(\w+)'/gm;

/** Finds the declaration of a table by its name; undefined where the sources have none. */
export function contractSource(id: string, files: readonly SourceFile[]): ContractSource | undefined {
  const { dataset, name } = splitId(id);
  for (const { path, text } of files) {
    if (!path.startsWith('src/core/contracts/')) continue;
    const declarations = [...text.matchAll(DECLARATION)];
    const at = declarations.findIndex(
      ([, , inDataset, itsName]) => inDataset === dataset && itsName === name,
    );
    const declared = declarations[at];
    if (declared === undefined) continue;
    return {
      path,
      constant: declared[1] ?? '',
      text: text.slice(declared.index, declarations[at + 1]?.index),
      line: text.slice(0, declared.index).split('\n').length,
    };
  }
  return undefined;
}

/** Whether a source imports a contract by its name. */
export function importsContract(text: string, contract: ContractSource): boolean {
  return importedIn(text).has(importOf(contract));
}

function importOf({ path, constant }: ContractSource): string {
  return `${constant} #${path.slice('src/'.length)}`;
}

/** Every name that a source imports, with its module. */
function importedIn(text: string): ReadonlySet<string> {
  return new Set(
    [...text.matchAll(/import (?:type )?\{([^}]*)\} from '([^']+)'/g)].flatMap(([, list = '', module]) =>
      (list.match(WORD) ?? []).map((name) => `${name} ${module}`),
    ),
  );
}

/** A column that no code fills, or a statement that writes a column its table does not have. */
export interface ProvenanceProblem {
  readonly kind: 'no_writer' | 'not_in_contract' | 'required_not_written';
  readonly table: string;
  readonly column: string;
  readonly message: string;
}

/** Sources that invent rows or only read them. */
const NO_WRITERS =
  /^src\/(?:core\/|simulate\/|platform\/|guard\/schema\/(?!apply)|guard\/canaries\/catalogue\/)/;
const WORD = /[A-Za-z_]\w*/g;
/** Templates that hold SQL: names in them are read, not written. */
const SQL_TEMPLATE = /`[^`]*\b(?:SELECT|FROM|WHERE)\b[^`]*`/g;

/**
 * Proves that every column of every contract is written: by the statement that fills the table, by the column
 * list of an INSERT, UPDATE or MERGE, or by modules that work with the contract's rows, which then name the
 * column outside SQL.
 */
export function provenanceProblems(
  schema: Schema,
  statements: readonly ReadStatement[],
  files: readonly SourceFile[],
  usage: Usage,
): ProvenanceProblem[] {
  const writes = new Set(
    statements
      .filter(({ text }) => !text.owner.startsWith('canary '))
      .flatMap(({ text }) => {
        const { table = '', columns = [] } = writesOf(text.sql) ?? {};
        return columns.map((column) => `${table}.${column}`);
      }),
  );
  const namesOf = namesByFolder(files);
  // A view is filled by its statement alone.
  const views = schema.views
    .filter(({ id }) => statements.some(({ text }) => text.fills === id))
    .map(({ id, columns }): SchemaTable => ({ id, columns: columns.map(viewColumn) }));
  return [...schema.tables, ...views].flatMap((table) => {
    const fillers = statements.filter(({ text }) => text.fills === table.id);
    // The output of a refused statement is unknown, and the refusal is already reported.
    if (fillers.some(({ problem }) => problem !== undefined)) return [];
    const filled = new Set(fillers.flatMap(({ output }) => output));
    const names = fillers.length > 0 ? [] : namesOf(table);
    const missing = table.columns.filter(
      ({ name }) =>
        !filled.has(name) &&
        !writes.has(`${table.id}.${name}`) &&
        !names.some(({ words }) => words.has(name)),
    );
    return [
      ...missing.map(({ name, mode, writer }): ProvenanceProblem => {
        const readers = usage.readers(table.id, name);
        const read = readers.length === 0 ? 'nobody reads it either' : `read by ${readers.join(', ')}`;
        return {
          kind: fillers.length > 0 && mode === 'REQUIRED' ? 'required_not_written' : 'no_writer',
          table: table.id,
          column: name,
          message: `no code writes ${table.id}.${name} (${read}). Its contract names ${writer ?? 'nobody'} as the writer: let it write the column, or remove the column.`,
        };
      }),
      ...fillers.flatMap(({ text: { owner }, output }) =>
        output
          .filter((name) => !table.columns.some((column) => column.name === name))
          .map(
            (name): ProvenanceProblem => ({
              kind: 'not_in_contract',
              table: table.id,
              column: name,
              message: `${owner} writes ${name}, which the contract of ${table.id} does not have. Add the column to the contract, run \`tipoff schema apply\`, then deploy.`,
            }),
          ),
      ),
    ];
  });
}

function viewColumn(name: string): SchemaColumn {
  return { name, type: 'STRING', mode: 'NULLABLE' };
}

/** What the sources name in every folder with a file that imports a table's contract. */
function namesByFolder(files: readonly SourceFile[]): (table: SchemaTable) => readonly FileNames[] {
  const candidates = files.filter(({ path }) => !NO_WRITERS.test(path));
  return ({ id }) => {
    const contract = contractSource(id, files);
    if (contract === undefined) return [];
    const imported = importOf(contract);
    const homes = new Set(
      candidates
        .filter((file) => namesIn(file).imported.has(imported))
        .map(({ path }) => path.slice(0, path.lastIndexOf('/') + 1)),
    );
    return candidates.filter(({ path }) => [...homes].some((folder) => path.startsWith(folder))).map(namesIn);
  };
}

/** What a source imports, and its words outside SQL. */
interface FileNames {
  readonly imported: ReadonlySet<string>;
  readonly words: ReadonlySet<string>;
}

/** A source is read for one table after the other, and anew for every judgement of the same check. */
const names = new WeakMap<SourceFile, FileNames>();

function namesIn(file: SourceFile): FileNames {
  const known = names.get(file);
  if (known !== undefined) return known;
  const words = new Set(file.text.replace(SQL_TEMPLATE, '').match(WORD));
  const found = { imported: importedIn(file.text), words };
  names.set(file, found);
  return found;
}
