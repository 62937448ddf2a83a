import { type Schema, splitId } from '#guard/schema/model.ts';
import type { Clone } from './clone.ts';

/**
 * Puts sources into a repository that write every column of a schema and read of it what `USAGE` of the corpus says, so that
 * the verb finds writers and readers by itself.
 */
export function writeBoxSources(clone: Clone, schema: Schema): void {
  for (const dataset of new Set(schema.tables.map(({ id }) => splitId(id).dataset)))
    clone.file(contractFile(dataset), contractText(schema, dataset));
  const write = schema.tables.map(({ id, columns }) => {
    const { dataset, name } = splitId(id);
    return `import { ${name} } from '#${contractFile(dataset).slice('src/'.length)}';\nexport const ${name}Row = { ${columns.map((column) => `${column.name}: 1`).join(', ')} };\n`;
  });
  clone.file('src/pipeline/ingest/write.ts', write.join(''));
  // A view without the partition column cannot be read with a bound on it: where one is demanded, its reader went first.
  const isBounded = schema.tables.some(({ partitionFilterRequired }) => partitionFilterRequired === true);
  const bound = isBounded ? ' WHERE b.slate = @slate' : '';
  clone.file(
    'src/pipeline/exports/picks.ts',
    `export const A = 'SELECT b.points FROM nba_raw.box AS b${bound}';\n${isBounded ? '' : "export const B = 'SELECT v.points FROM nba_raw.current_box AS v';\n"}`,
  );
  clone.file(
    'src/guard/canaries/catalogue/lines.ts',
    `export const A = { id: 'lines', sql: 'SELECT b.line FROM nba_raw.box AS b${bound}' };\n`,
  );
  // The lint knows the functions of the library only; of a statement with a hole it does not ask.
  clone.file(
    'src/pipeline/precompute/halves.ts',
    `export const A = \`SELECT fn.half(\${n}) AS h FROM nba_raw.box AS b${bound}\`;\n`,
  );
}

/** The file that declares the tables of a dataset. */
export function contractFile(dataset: string): string {
  return `src/core/contracts/${dataset}.ts`;
}

/** Declarations of the tables of a dataset, their keys on a line of their own. */
export function contractText(schema: Schema, dataset: string): string {
  return schema.tables
    .map(({ id, key = [] }) => ({ ...splitId(id), key: key.map((column) => `'${column}'`).join(', ') }))
    .filter((table) => table.dataset === dataset)
    .map(
      ({ name, key }) =>
        `export const ${name} = defineTable({\n  dataset: '${dataset}',\n  name: '${name}',\n  key: [${key}],\n});\n`,
    )
    .join('');
}
