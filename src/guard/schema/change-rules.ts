import type { ChangeClass, ChangeKind, Direction, FindingDraft, Fix } from './finding.ts';
import {
  addColumn,
  alterColumn,
  both,
  createFunction,
  createTable,
  createView,
  describeColumn,
  NOTHING,
  rebuild,
  setType,
  tableOptions,
} from './fixes.ts';
import type { SchemaColumn, SchemaFunction, SchemaTable, SchemaView } from './model.ts';

/** One detected change: its subject, the values before and after, and who reads it. */
export interface Change {
  /** `dataset.table`, `dataset.view` or `fn.name`. */
  readonly table: string;
  /** Column or path of a nested field; null for the table, view or function as a whole. */
  readonly column: string | null;
  readonly before: string | null;
  readonly after: string | null;
  readonly readers: readonly string[];
}

/** What the statements of a change are built from: the wanted definition, or the one being dropped. */
export interface Parts {
  readonly from?: SchemaColumn;
  readonly to?: SchemaColumn;
  readonly wanted?: SchemaTable;
  readonly view?: SchemaView;
  readonly function?: SchemaFunction;
  /** The form in which readers get values before and after, where a new type changes it. */
  readonly form?: { readonly from: string; readonly to: string };
}

/** Texts that the messages share. */
interface MessageTexts extends Change {
  /** `table.column`, or the table. */
  readonly place: string;
  readonly readBy: string;
  /** The first statement of the fix on BigQuery. */
  readonly run: string;
}

interface Rule {
  readonly kind: ChangeKind;
  readonly class: ChangeClass;
  readonly direction: Direction;
  readonly message: (texts: MessageTexts, parts: Parts) => string;
  readonly fix?: (change: Change, parts: Parts) => Fix;
}

const nothing: Fix = NOTHING;
const drop = ({ table, column }: Change): string => `ALTER TABLE ${table} DROP COLUMN ${column}`;
const relax = ({ table, column }: Change): string =>
  `ALTER TABLE ${table} ALTER COLUMN ${column} DROP NOT NULL`;
const add = ({ table }: Change, { to }: Parts): Fix => (to === undefined ? nothing : addColumn(table, to));
const makeFunction = (_: Change, parts: Parts): Fix =>
  parts.function === undefined ? nothing : createFunction(parts.function);
const makeView = (_: Change, { view }: Parts): Fix => (view === undefined ? nothing : createView(view));
/** Message for a view or function that the code no longer defines. */
const isGone = ({ table }: MessageTexts): string =>
  `${table} is gone from the code. It may stay, or be dropped once the code that used it is gone.`;
const isGoneButUsed = ({ table, readBy }: MessageTexts): string =>
  `${table} is gone from the code but still used by ${readBy}. Change them first.`;

/**
 * What every kind of change means: its class, which side goes first, its message, and the statements that
 * make it. The comparison only finds which rule applies; all judgement is here.
 */
const RULES = {
  tableAdded: {
    kind: 'table_added',
    class: 'needs_order',
    direction: 'table_first',
    message: ({ table }) =>
      `there is no table ${table}: code that writes or reads it fails. Run \`tipoff schema apply\`, then deploy.`,
    fix: (_, { wanted }) => (wanted === undefined ? nothing : createTable(wanted)),
  },
  tableRemoved: {
    kind: 'table_removed',
    class: 'needs_order',
    direction: 'code_first',
    message: ({ table }) =>
      `no contract describes ${table}. It may stay, or be dropped once the code that used it is gone.`,
    fix: ({ table }) => both(`DROP TABLE ${table}`),
  },
  readTableRemoved: {
    kind: 'table_removed',
    class: 'breaking',
    direction: 'code_first',
    message: ({ table, readBy }) =>
      `no contract describes ${table}, but it is still read by ${readBy}. Change the readers first.`,
    fix: ({ table }) => both(`DROP TABLE ${table}`),
  },
  columnAdded: {
    kind: 'column_added',
    class: 'needs_order',
    direction: 'table_first',
    message: ({ table, column, run }) =>
      `${table} lacks ${column}: code that writes or reads it fails until the table has it. Run \`${run}\` (or \`tipoff schema apply\`), then deploy.`,
    fix: add,
  },
  requiredColumnAdded: {
    kind: 'column_added',
    class: 'breaking',
    direction: 'table_first',
    message: ({ table, column, run }) =>
      `${table} lacks the required column ${column}: a table with rows takes nullable columns only, so every write would be refused. Make ${column} nullable in the contract, run \`${run}\` (or \`tipoff schema apply\`), then deploy.`,
    fix: add,
  },
  fieldAdded: {
    kind: 'column_added',
    class: 'needs_order',
    direction: 'table_first',
    message: ({ table, column }) =>
      `${table} lacks the nested field ${column}, which ALTER TABLE cannot add: add it with a schema update (bq update, tables.patch), then deploy the code that writes it.`,
  },
  requiredFieldAdded: {
    kind: 'column_added',
    class: 'breaking',
    direction: 'table_first',
    message: ({ table, column }) =>
      `${table} lacks the required nested field ${column}: existing rows have no value for it. Make it nullable.`,
  },
  columnRemoved: {
    kind: 'column_removed',
    class: 'needs_order',
    direction: 'code_first',
    message: ({ place, run }) =>
      `${place} is no longer in the contract. It may stay, or be dropped by \`${run}\` once the code that wrote it is gone.`,
    fix: (change) => both(drop(change)),
  },
  readColumnRemoved: {
    kind: 'column_removed',
    class: 'breaking',
    direction: 'code_first',
    message: ({ place, readBy }) =>
      `${place} leaves the contract but is still read by ${readBy}. Change the readers first.`,
    fix: (change) => both(drop(change)),
  },
  layoutColumnRemoved: {
    kind: 'column_removed',
    class: 'breaking',
    direction: 'table_first',
    message: ({ place }) =>
      `${place} is what the table is partitioned or clustered by and cannot be dropped. Rebuild the table without it first.`,
  },
  requiredColumnRemoved: {
    kind: 'column_removed',
    class: 'needs_order',
    direction: 'table_first',
    message: ({ place, run }) =>
      `${place} is required in the table and no longer in the contract: rows written without it are refused. Run \`${run}\`, deploy the code, then drop the column.`,
    fix: (change) => both(relax(change), drop(change)),
  },
  fieldRemoved: {
    kind: 'column_removed',
    class: 'needs_order',
    direction: 'code_first',
    message: ({ place }) =>
      `${place} is no longer in the contract. A nested field cannot be dropped in place; it may stay, and is null in new rows.`,
  },
  readFieldRemoved: {
    kind: 'column_removed',
    class: 'breaking',
    direction: 'code_first',
    message: ({ place, column, readBy }) =>
      `${place} leaves the contract but ${column?.split('.')[0]} is still read by ${readBy}. Change the readers first.`,
  },
  requiredFieldRemoved: {
    kind: 'column_removed',
    class: 'breaking',
    direction: 'table_first',
    message: ({ place }) =>
      `${place} is required in the table and no longer in the contract: rows written without it are refused, and a nested field cannot be dropped in place. Make it nullable with a schema update first.`,
  },
  columnRenamed: {
    kind: 'column_renamed',
    class: 'breaking',
    direction: 'table_first',
    message: ({ place, before, after }) =>
      `${place} became ${after}: whichever side goes first, the other uses a name that is not there. Add ${after}, write both, copy existing values, move the readers, then drop ${before}: one step per deploy.`,
    fix: (change, { to }) => {
      if (to === undefined) return nothing;
      const { bigquery, duckdb } = addColumn(change.table, { ...to, mode: 'NULLABLE' });
      const copy = `UPDATE ${change.table} SET ${to.name} = ${change.before} WHERE ${to.name} IS NULL`;
      return {
        bigquery: [...bigquery, copy, drop(change)],
        duckdb: [...duckdb, copy, drop(change)],
      };
    },
  },
  typeWidened: {
    kind: 'type_changed',
    class: 'needs_order',
    direction: 'table_first',
    message: ({ place, before, after, run }) =>
      `${place} widens from ${before} to ${after}. Run \`${run}\` first: the narrow column refuses what the code will write.`,
    fix: ({ table }, { to }) => (to === undefined ? nothing : setType(table, to)),
  },
  typeWidenedForReaders: {
    kind: 'type_changed',
    class: 'breaking',
    direction: 'either',
    message: ({ place, before, after, readBy }, { form }) =>
      `${place} widens from ${before} to ${after}, but ${readBy} read ${form?.from} and would get ${form?.to}. Add a column of the new type and move the readers.`,
    fix: ({ table }, { to }) => (to === undefined ? nothing : setType(table, to)),
  },
  typeChanged: {
    kind: 'type_changed',
    class: 'breaking',
    direction: 'either',
    message: ({ place, before, after }) =>
      `${place} changes from ${before} to ${after}, which no order makes safe: existing values do not fit or change their meaning. Add a column of the new type, write both, copy, move the readers, drop the old one.`,
    fix: ({ table }, { to }) =>
      to === undefined ? nothing : addColumn(table, { ...to, name: `${to.name}_next`, mode: 'NULLABLE' }),
  },
  repeatedChanged: {
    kind: 'mode_repeated',
    class: 'breaking',
    direction: 'either',
    message: ({ place }) =>
      `${place} changes between one value and many, which no engine does in place. Add a column of the new shape.`,
  },
  modeRelaxed: {
    kind: 'mode_relaxed',
    class: 'needs_order',
    direction: 'table_first',
    message: ({ place, run }) =>
      `${place} may now be null, but the table still refuses it. Run \`${run}\`, then deploy.`,
    fix: (change) => both(relax(change)),
  },
  modeTightened: {
    kind: 'mode_tightened',
    class: 'breaking',
    direction: 'code_first',
    message: ({ place }) =>
      `${place} becomes required, but existing rows may have null in it and BigQuery cannot tighten a column. Keep it nullable and let the audit demand a value, or rebuild the table.`,
    fix: ({ table, column }) => ({
      bigquery: [],
      duckdb: [`ALTER TABLE ${table} ALTER COLUMN ${column} SET NOT NULL`],
    }),
  },
  defaultChanged: {
    kind: 'default_changed',
    class: 'safe',
    direction: 'either',
    message: ({ place }) => `${place} has a different default for rows that do not name it.`,
    fix: setDefault,
  },
  requiredGainsDefault: {
    kind: 'default_changed',
    class: 'needs_order',
    direction: 'table_first',
    message: ({ place, run }) =>
      `${place} is required and gets a default: until the table has it, rows that do not name the column are refused. Run \`${run}\`, then deploy.`,
    fix: setDefault,
  },
  requiredLosesDefault: {
    kind: 'default_changed',
    class: 'needs_order',
    direction: 'code_first',
    message: ({ place }) =>
      `${place} is required and loses its default: writers must send a value before the default goes.`,
    fix: setDefault,
  },
  descriptionChanged: {
    kind: 'description_changed',
    class: 'safe',
    direction: 'either',
    message: ({ place }) => `${place} is described differently.`,
    fix: ({ table, column, after }) => describeColumn(table, column, after ?? ''),
  },
  orderChanged: {
    kind: 'order_changed',
    class: 'safe',
    direction: 'either',
    message: ({ table }) =>
      `${table} has its columns in a different order, which is harmless: all code names them.`,
  },
  // Properties that only contracts have: no statement sets them and no table stores them. Readers should be told.
  writerChanged: {
    kind: 'writer_changed',
    class: 'safe',
    direction: 'either',
    message: ({ place, before, after }) => `${place} is now written by ${after} instead of ${before}.`,
  },
  decimalsChanged: {
    kind: 'decimals_changed',
    class: 'safe',
    direction: 'either',
    message: ({ place, before, after }) =>
      `${place} is kept with ${after ?? 'all'} decimals instead of ${before ?? 'all'}: existing rows keep theirs.`,
  },
  rangeChanged: {
    kind: 'range_changed',
    class: 'safe',
    direction: 'either',
    message: ({ place, before, after }) =>
      `the plausible range of ${place} is ${after ?? 'any value'} instead of ${before ?? 'any value'}: the audit of its writer refuses values outside it.`,
  },
  partitionChanged: {
    kind: 'partition_changed',
    class: 'breaking',
    direction: 'table_first',
    message: ({ table, before, after }) =>
      `${table} is partitioned by ${before ?? 'nothing'} and should be by ${after ?? 'nothing'}: a table keeps its partitioning. Rebuild it as a copy while nothing writes.`,
    fix: (_, { wanted }) => (wanted === undefined ? nothing : rebuild(wanted)),
  },
  partitionFilterDemanded: {
    kind: 'partition_filter_changed',
    class: 'needs_order',
    direction: 'code_first',
    message: ({ table }, { wanted }) =>
      `${table} will refuse queries without a bound on ${wanted?.partition ?? 'its partition column'}: deploy readers that have one first.`,
    fix: ({ table }) => tableOptions(table, 'require_partition_filter = TRUE'),
  },
  partitionFilterLifted: {
    kind: 'partition_filter_changed',
    class: 'safe',
    direction: 'either',
    message: ({ table }) => `${table} accepts queries without a bound on its partition column.`,
    fix: ({ table }) => tableOptions(table, 'require_partition_filter = FALSE'),
  },
  clusterChanged: {
    kind: 'cluster_changed',
    class: 'safe',
    direction: 'either',
    message: ({ table, before, after }) =>
      `${table} is clustered by ${before || 'nothing'} and should be by ${after || 'nothing'}: results stay the same, only cost changes. Set it with \`bq update --clustering_fields\`.`,
  },
  retentionShortened: {
    kind: 'retention_changed',
    class: 'breaking',
    direction: 'either',
    message: ({ table, before, after }) =>
      `${table} would keep ${after} instead of ${before}: older rows are deleted immediately and for good.`,
    fix: setRetention,
  },
  retentionLengthened: {
    kind: 'retention_changed',
    class: 'safe',
    direction: 'either',
    message: ({ table, before, after }) =>
      `${table} keeps its rows for longer: ${after} instead of ${before}.`,
    fix: setRetention,
  },
  keyChanged: {
    kind: 'key_changed',
    class: 'breaking',
    direction: 'either',
    message: ({ table, before, after }) =>
      `rows of ${table} are identified by ${after} instead of ${before}: existing rows may collide. Prove that none do, or rebuild the table.`,
  },
  keyFiner: {
    kind: 'key_changed',
    class: 'safe',
    direction: 'either',
    message: ({ table, after }) =>
      `rows of ${table} are identified by more columns (${after}): existing rows stay unique, but one row may become several.`,
  },
  readKeyFiner: {
    kind: 'key_changed',
    class: 'needs_order',
    direction: 'code_first',
    message: ({ table, after, readBy }) =>
      `rows of ${table} are identified by more columns (${after}): existing rows stay unique, but one row may become several. Make sure that ${readBy} can handle that before such rows are written.`,
  },
  viewAdded: {
    kind: 'view_added',
    class: 'needs_order',
    direction: 'table_first',
    message: ({ table }) =>
      `there is no view ${table}: code that reads it fails. Run \`tipoff schema apply\`, then deploy.`,
    fix: makeView,
  },
  viewRemoved: {
    kind: 'view_removed',
    class: 'needs_order',
    direction: 'code_first',
    message: isGone,
    fix: ({ table }) => both(`DROP VIEW ${table}`),
  },
  readViewRemoved: {
    kind: 'view_removed',
    class: 'breaking',
    direction: 'code_first',
    message: isGoneButUsed,
    fix: ({ table }) => both(`DROP VIEW ${table}`),
  },
  viewTextChanged: {
    kind: 'view_text_changed',
    class: 'safe',
    direction: 'either',
    message: ({ table }) =>
      `${table} has a new SELECT with the same columns; \`tipoff schema apply\` replaces it.`,
    fix: makeView,
  },
  viewGains: {
    kind: 'view_columns_changed',
    class: 'needs_order',
    direction: 'table_first',
    message: ({ table, after }) =>
      `${table} gains ${after}: replace the view before code that reads them is deployed (\`tipoff schema apply\`).`,
    fix: makeView,
  },
  viewLoses: {
    kind: 'view_columns_changed',
    class: 'needs_order',
    direction: 'code_first',
    message: ({ table, before }) => `${table} loses ${before}: deploy code that no longer reads them first.`,
    fix: makeView,
  },
  viewLosesAndGains: {
    kind: 'view_columns_changed',
    class: 'breaking',
    direction: 'table_first',
    message: ({ table, before, after }) =>
      `${table} gains ${after} and loses ${before} at once: deployed code may read the old, new code reads the new. Keep both, deploy, then remove ${before}.`,
    fix: makeView,
  },
  viewLosesForReaders: {
    kind: 'view_columns_changed',
    class: 'breaking',
    direction: 'code_first',
    message: ({ table, before, readBy }) =>
      `${table} loses ${before}, still read by ${readBy}. Change the readers first.`,
    fix: makeView,
  },
  functionAdded: {
    kind: 'function_added',
    class: 'needs_order',
    direction: 'table_first',
    message: ({ table }) =>
      `there is no function ${table}: statements that call it fail. Run \`tipoff schema apply\`, then deploy.`,
    fix: makeFunction,
  },
  functionRemoved: {
    kind: 'function_removed',
    class: 'needs_order',
    direction: 'code_first',
    message: isGone,
    fix: ({ table }) => both(`DROP FUNCTION ${table}`),
  },
  calledFunctionRemoved: {
    kind: 'function_removed',
    class: 'breaking',
    direction: 'code_first',
    message: isGoneButUsed,
    fix: ({ table }) => both(`DROP FUNCTION ${table}`),
  },
  signatureChanged: {
    kind: 'function_signature_changed',
    class: 'needs_order',
    direction: 'table_first',
    message: ({ table, before, after }) => `${table} takes (${after}) instead of (${before}).`,
    fix: makeFunction,
  },
  calledSignatureChanged: {
    kind: 'function_signature_changed',
    class: 'breaking',
    direction: 'either',
    message: ({ table, before, after, readBy }) =>
      `${table} takes (${after}) instead of (${before}) and is called by ${readBy}: deployed and new callers cannot both work. Add a function under a new name.`,
  },
  bodyChanged: {
    kind: 'function_body_changed',
    class: 'safe',
    direction: 'either',
    message: ({ table }) =>
      `${table} has a new body with the same parameters; \`tipoff schema apply\` replaces it.`,
    fix: makeFunction,
  },
} satisfies Record<string, Rule>;

export type RuleName = keyof typeof RULES;

/** The finding that a rule gives for a change. */
export function findingBy(name: RuleName, change: Change, parts: Parts = {}): FindingDraft {
  const rule: Rule = RULES[name];
  const { table, column, before, after, readers } = change;
  const fix = rule.fix?.(change, parts) ?? nothing;
  const texts: MessageTexts = {
    ...change,
    place: column === null ? table : `${table}.${column}`,
    readBy: readers.join(', '),
    run: fix.bigquery[0] ?? '',
  };
  const { kind, direction } = rule;
  return {
    table,
    column,
    kind,
    class: rule.class,
    direction,
    before,
    after,
    fix,
    message: rule.message(texts, parts),
  };
}

function setDefault({ table, column, after }: Change): Fix {
  return alterColumn(table, column ?? '', after === null ? 'DROP DEFAULT' : `SET DEFAULT ${after}`);
}

function setRetention({ table }: Change, { wanted }: Parts): Fix {
  return tableOptions(table, `partition_expiration_days = ${wanted?.retentionDays ?? 'NULL'}`);
}
