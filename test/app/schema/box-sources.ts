import type { Schema } from '#guard/schema/model.ts';
import type { Clone } from './clone.ts';

/**
 * Puts sources into a repository that write every column of a schema and read of it what `USAGE` of the corpus says, so that
 * the verb finds writers and readers by itself.
 */
export function writeBoxSources(clone: Clone, schema: Schema): void {
  const write = schema.tables.map(({ id, columns }, i) => {
    const path = id.replaceAll('.', '/').replaceAll(/_(?=\w+$)/g, '-');
    return `import { t${i} } from '#core/contracts/${path}.ts';\nexport const row${i} = { ${columns.map(({ name }) => `${name}: 1`).join(', ')} };\n`;
  });
  clone.file('src/pipeline/ingest/write.ts', write.join(''));
  // A view without the partition column cannot be read with a bound on it: where one is demanded, its reader went first.
  const isBounded = schema.tables.some(({ partitionFilterRequired }) => partitionFilterRequired === true);
  const bound = isBounded ? ' WHERE b.slate = @slate' : '';
  clone.file(
    'src/pipeline/publish/exports/picks.ts',
    `export const A = 'SELECT b.points FROM nba_raw.box AS b${bound}';\n${isBounded ? '' : "export const B = 'SELECT v.points FROM nba_raw.current_box AS v';\n"}`,
  );
  clone.file(
    'src/guard/canaries/catalogue/lines.ts',
    `export const A = 'SELECT b.line FROM nba_raw.box AS b${bound}';\n`,
  );
  // The lint knows the functions of the library only; of a statement with a hole it does not ask.
  clone.file(
    'src/pipeline/precompute/halves.ts',
    `export const A = \`SELECT fn.half(\${n}) AS h FROM nba_raw.box AS b${bound}\`;\n`,
  );
}
