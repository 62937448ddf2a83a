import { TipoffError } from '#core/errors.ts';
import type { SqliteFile, SqliteRow } from '#platform/sqlite/database.ts';
import type { Doc, StateQuery } from '#platform/state/port.ts';

/**
 * `version` counts the writes of one document and starts again when it is deleted and created anew. `revision` is drawn
 * from one counter for the whole store and never repeats, so it alone tells whether a document is still the one seen.
 */
export const SCHEMA = `
CREATE TABLE IF NOT EXISTS state_documents (
  collection TEXT NOT NULL,
  id TEXT NOT NULL,
  data TEXT NOT NULL,
  version INTEGER NOT NULL,
  updated_at TEXT NOT NULL,
  revision INTEGER NOT NULL,
  PRIMARY KEY (collection, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS state_revision (one INTEGER PRIMARY KEY CHECK (one = 1), value INTEGER NOT NULL) STRICT;
INSERT OR IGNORE INTO state_revision (one, value) VALUES (1, 0);`;

const COLUMNS = 'collection, id, data, version, updated_at, revision';

/** The store's revision: as long as it stands, nothing at all was written. */
export function storeRevision(file: SqliteFile): number {
  return Number(file.get('SELECT value FROM state_revision')?.['value']);
}

/** One document's row, or undefined. */
export function readRow(file: SqliteFile, collection: string, id: string): SqliteRow | undefined {
  return file.get(`SELECT ${COLUMNS} FROM state_documents WHERE collection = @collection AND id = @id`, { collection, id });
}

/** The rows of a query, by id in code point order. A `where` without `idPrefix` scans the collection. */
export function readRows(file: SqliteFile, collection: string, query: StateQuery): SqliteRow[] {
  const params: Record<string, string | number> = { collection };
  const conditions = ['collection = @collection'];
  for (const [i, [field, value]] of Object.entries(query.where ?? {}).entries()) {
    // The JSON text of a stored scalar is exactly what JSON.stringify gives, so text equality is typed equality:
    // true is not 1, '1' is not 1, and no decimal is read twice.
    conditions.push(`data -> '$.${fieldName(field)}' = @where${i}`);
    params[`where${i}`] = scalarJson(field, value);
  }
  if (query.idPrefix !== undefined && query.idPrefix !== '') {
    conditions.push('id >= @prefix');
    params['prefix'] = query.idPrefix;
    const end = prefixEnd(query.idPrefix);
    if (end !== undefined) {
      conditions.push('id < @prefix_end');
      params['prefix_end'] = end;
    }
  }
  const limit = query.limit === undefined ? '' : ' LIMIT @limit';
  if (query.limit !== undefined) params['limit'] = positive(query.limit);
  return file.all(`SELECT ${COLUMNS} FROM state_documents WHERE ${conditions.join(' AND ')} ORDER BY id${limit}`, params);
}

/** Writes or replaces a document under a fresh revision; call it inside `writing`. */
export function writeRow(file: SqliteFile, collection: string, id: string, data: string, at: string): void {
  file.run(
    `INSERT INTO state_documents (${COLUMNS}) VALUES (@collection, @id, @data, 1, @at, @revision)
     ON CONFLICT (collection, id) DO UPDATE
     SET data = excluded.data, version = version + 1, updated_at = excluded.updated_at, revision = excluded.revision`,
    { collection, id, data, at, revision: nextRevision(file) },
  );
}

/** Deletes a document if it is there; call it inside `writing`. */
export function deleteRow(file: SqliteFile, collection: string, id: string): void {
  nextRevision(file);
  file.run('DELETE FROM state_documents WHERE collection = @collection AND id = @id', { collection, id });
}

/** A row as the port shows it; the data is a fresh copy every time. */
export function toDoc<T>(row: SqliteRow): Doc<T> {
  return {
    collection: String(row['collection']),
    id: String(row['id']),
    data: JSON.parse(String(row['data'])) as T,
    version: Number(row['version']),
    updatedAt: String(row['updated_at']),
  };
}

function nextRevision(file: SqliteFile): number {
  return Number(file.get('UPDATE state_revision SET value = value + 1 RETURNING value')?.['value']);
}

/** The first string after all strings with this prefix, in code point order; undefined when there is none. */
function prefixEnd(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (points.at(-1) === 0x10ffff) points.pop();
  const last = points.pop();
  if (last === undefined) return undefined;
  // Surrogates (U+D800 to U+DFFF) are no characters of their own.
  return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
}

function fieldName(field: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(field)) return field;
  throw new TipoffError('TIPOFF_BAD_INPUT', `expected a top-level field name in where, saw ${JSON.stringify(field)}`, {
    hint: 'Use letters, digits and underscores; fields inside fields cannot be asked for.',
    details: { field },
  });
}

function scalarJson(field: string, value: unknown): string {
  const isScalar = typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
  if (isScalar) return JSON.stringify(value);
  throw new TipoffError('TIPOFF_BAD_INPUT', `expected a string, finite number or boolean for ${field} in where, saw ${String(value)}`, {
    hint: 'Leave the field out of where when any value will do.',
    details: { field },
  });
}

function positive(limit: number): number {
  if (Number.isSafeInteger(limit) && limit > 0) return limit;
  throw new TipoffError('TIPOFF_BAD_INPUT', `expected a limit of at least 1, saw ${limit}`, {
    hint: 'Leave the limit out to get everything.',
    details: { limit },
  });
}
