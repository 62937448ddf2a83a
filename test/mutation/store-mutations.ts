import { addDays, type Slate } from '#core/calendar.ts';
import { tableId } from '#core/contracts/define.ts';
import { CONTRACTS } from '#core/contracts/index.ts';
import { COLLECTIONS } from '#pipeline/batch/state.ts';
import type { Access, PlainStores } from './damage.ts';
import { LASTING, LONG, type Mutation, ONCE } from './mutation.ts';

function documentMutations(): Mutation[] {
  const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);
  const string = (value: Uint8Array): string => new TextDecoder().decode(value);
  const kinds = ['predictions', 'picks', 'results', 'subsets', 'manifest'];
  const changes: readonly (readonly [
    string,
    (value: string, before: string | undefined) => string | undefined,
  ])[] = [
    ['a web page', () => '<!DOCTYPE html><html><body>502</body></html>'],
    ['truncation', (value) => value.slice(0, value.length / 2)],
    ['an empty file', () => ''],
    ['an empty document', () => '{}'],
    ['never written', () => undefined],
    [
      '×10',
      (value) =>
        value.replace(
          /"(predicted|actual|p_over|line|confidence|accuracy|wins?|rows|games|row_count)":\s*"?(\d+(?:\.\d+)?)"?/g,
          (_all, name: string, number: string) => `"${name}":${Number(number) * 10}`,
        ),
    ],
    [
      'one number',
      (value) => {
        const of = (names: string): RegExp => new RegExp(`"(${names})":\\s*(\\d+)`);
        const own = of('predicted|actual|wins?|rows|picks|games');
        return value.replace(
          own.test(value) ? own : of('row_count'),
          (_all, name: string, number: string) => `"${name}":${Number(number) + 9}`,
        );
      },
    ],
    [
      'renamed value',
      (value) =>
        value.replaceAll(/"(OVER|UNDER)"/g, (_all, side: string) => (side === 'OVER' ? '"UNDER"' : '"OVER"')),
    ],
    ['drop 30 %', (value) => dropped(value)],
    ['yesterday’s copy', (_value, before) => before],
  ];
  return kinds.flatMap((kind) =>
    changes.map(
      ([operator, change_]): Mutation => ({
        operator,
        place: `export ${kind}.json`,
        slates: operator === 'a web page' || operator === 'never written' ? LASTING : ONCE,
        damage: {
          touches: [],
          document: (path, content, before) => {
            if (!path.endsWith(`${kind}.json`)) return content;
            const stored = change_(string(content), before === undefined ? undefined : string(before));
            return stored === undefined ? undefined : bytes(stored);
          },
        },
      }),
    ),
  );
}

/** A document with a third of the entries of its longest list left out. */
function dropped(value: string): string {
  const document = JSON.parse(value) as Record<string, unknown>;
  const lists = Object.entries(document).filter((entry): entry is [string, unknown[]] =>
    Array.isArray(entry[1]),
  );
  const [longest] = lists.sort((a, b) => b[1].length - a[1].length);
  if (longest === undefined) return value;
  return JSON.stringify({ ...document, [longest[0]]: longest[1].filter((_one, i) => i % 3 !== 0) });
}

/** What a batch writes. */
const FORECAST_TABLES = ['nba_predictions.player_prop_predictions', 'nba_predictions.publications'];

function stateMutations(): Mutation[] {
  const edit = (
    operator: string,
    place: string,
    collection: string,
    change_: (data: Record<string, unknown>, day: Slate) => Record<string, unknown> | undefined,
    when: 'before' | 'after',
    slates: readonly number[] = ONCE,
  ): Mutation => ({
    operator,
    place: `state ${place}`,
    slates,
    damage: {
      touches: FORECAST_TABLES,
      [when]: async ({ state }: PlainStores, day: Slate) => {
        const docs = await state.list(collection);
        await state.transaction(async (tx) => {
          for (const { id, data } of docs) {
            const changed = change_(data, day);
            if (changed === undefined) tx.delete(collection, id);
            else if (changed !== data) tx.put(collection, id, changed);
          }
        });
      },
    },
  });
  const lost = Object.entries(COLLECTIONS).flatMap(([name, collection]) => [
    edit('lost state', name, collection, () => undefined, 'before'),
    edit('lost state', `${name} (after)`, collection, () => undefined, 'after', LASTING),
  ]);
  const ofDay = (data: Record<string, unknown>, day: Slate): boolean => data['slate'] === day;
  const today = (data: Record<string, unknown>, day: Slate, changed: Record<string, unknown>) =>
    ofDay(data, day) ? { ...data, ...changed } : data;
  return [
    ...lost,
    edit(
      'contradictory state',
      'batches running for ever',
      COLLECTIONS.batches,
      (data, day) => today(data, day, { state: 'running', closed_at: null }),
      'after',
      LASTING,
    ),
    edit(
      'contradictory state',
      'batches failed',
      COLLECTIONS.batches,
      (data, day) => today(data, day, { state: 'failed', reason: 'for no reason' }),
      'after',
      LASTING,
    ),
    edit(
      'contradictory state',
      'batches without a publication',
      COLLECTIONS.batches,
      (data, day) => today(data, day, { publication_id: null }),
      'after',
    ),
    edit(
      'contradictory state',
      'batches: yesterday’s runs',
      COLLECTIONS.batches,
      (data) => ({ ...data, state: 'running', closed_at: null }),
      'before',
    ),
    edit(
      'contradictory state',
      'slates name an unknown batch',
      COLLECTIONS.slates,
      (data) => ({ ...data, active_batch: 'no-such-batch' }),
      'before',
    ),
    edit(
      'contradictory state',
      'leases held for ever',
      COLLECTIONS.leases,
      (data) => ({ ...data, holder: 'somebody', expires_at: '2099-01-01T00:00:00.000Z' }),
      'before',
    ),
    edit(
      'contradictory state',
      'leases with a newer token',
      COLLECTIONS.leases,
      (data) => ({ ...data, token: 9999 }),
      'after',
    ),
    edit('lost state', 'incidents', 'incidents', () => undefined, 'after'),
    {
      operator: 'contradictory state',
      place: 'state operations: a halt that nobody ends',
      slates: LASTING,
      damage: {
        touches: FORECAST_TABLES,
        before: async ({ state }, day) => {
          await state.transaction(async (tx) =>
            tx.put('operations', 'halt', {
              reason: 'maintenance',
              by: 'somebody',
              since: `${addDays(day, -1)}T00:00:00.000Z`,
              until: '2099-01-01T00:00:00.000Z',
            }),
          );
        },
      },
    },
  ];
}

function registryMutations(): Mutation[] {
  const REGISTRY = 'nba_predictions.model_registry';
  const sql = (operator: string, place: string, statement: (day: Slate) => string): Mutation => ({
    operator,
    place: `registry ${place}`,
    slates: LASTING,
    damage: {
      touches: [REGISTRY],
      before: async ({ warehouse }, day) => void (await warehouse.execute(statement(day))),
    },
  });
  const artefact = (operator: string, change_: (bytes: Uint8Array) => Uint8Array | undefined): Mutation => ({
    operator,
    place: 'registry artefact',
    slates: LASTING,
    damage: {
      touches: [REGISTRY],
      before: async ({ models }) => {
        for (const path of await models.list('models/')) {
          const stored = await models.get(path);
          const changed = stored === undefined ? undefined : change_(stored.bytes);
          if (changed === undefined) await models.delete(path);
          else await models.put(path, changed, { contentType: 'application/json' });
        }
      },
    },
  });
  return [
    sql('drop all', 'rows', () => `DELETE FROM ${REGISTRY} WHERE TRUE`),
    sql(
      'duplicate',
      'champion',
      () =>
        `INSERT INTO ${REGISTRY} SELECT * REPLACE (model_id || '-twin' AS model_id) FROM ${REGISTRY} WHERE status = 'champion'`,
    ),
    sql(
      'renamed value',
      'status',
      () => `UPDATE ${REGISTRY} SET status = 'Champion' WHERE status = 'champion'`,
    ),
    sql('retired', 'status', () => `UPDATE ${REGISTRY} SET status = 'retired' WHERE TRUE`),
    sql(
      'a year later',
      'data_cutoff',
      () => `UPDATE ${REGISTRY} SET data_cutoff = data_cutoff + 365 WHERE TRUE`,
    ),
    sql(
      'a year earlier',
      'data_cutoff',
      () => `UPDATE ${REGISTRY} SET data_cutoff = data_cutoff - 365 WHERE TRUE`,
    ),
    sql(
      'renamed value',
      'artefact_hash',
      () => `UPDATE ${REGISTRY} SET artefact_hash = repeat('0', 64) WHERE TRUE`,
    ),
    sql(
      'renamed value',
      'feature_contract_hash',
      () => `UPDATE ${REGISTRY} SET feature_contract_hash = 'another' WHERE TRUE`,
    ),
    sql(
      'renamed value',
      'artefact_path',
      () => `UPDATE ${REGISTRY} SET artefact_path = 'models/none.json' WHERE TRUE`,
    ),
    artefact('drop all', () => undefined),
    artefact('truncation', (bytes) => bytes.subarray(0, bytes.length / 2)),
    artefact('one byte', (bytes) =>
      bytes.map((byte, i) => (i === Math.floor(bytes.length / 2) ? byte ^ 1 : byte)),
    ),
    artefact('an empty file', () => new Uint8Array()),
  ];
}
function jobMutations(): Mutation[] {
  const dies = [1, 3, 6, 10, 14, 18, 22, 26, 30, 34, 38, 42, 46].map(
    (diesAt): Mutation => ({
      operator: 'killed job',
      place: `daily job at write ${diesAt}`,
      slates: ONCE,
      damage: { diesAt },
    }),
  );
  const refused = (
    what: string,
    refuses: (access: Access, day: Slate) => boolean,
    slates: readonly number[] = LASTING,
  ): Mutation => ({
    operator: 'withdrawn permission',
    place: what,
    slates,
    damage: { refuses },
  });
  /** Refused documents leave every table as it is. */
  const refusedExports = (what: string, refuses: (access: Access, day: Slate) => boolean): Mutation => ({
    ...refused(what, refuses),
    damage: { touches: [], refuses: (access, day) => access.port === 'exports' && refuses(access, day) },
  });
  const written = CONTRACTS.filter(({ writer }) => writer !== 'ingest')
    .map(tableId)
    .filter((id) => !/canary|quality|provider|schema|heartbeat|registry|written_rows/.test(id));
  return [
    { operator: 'job never started', place: 'daily job', slates: LONG, damage: { never: 'day' } },
    ...dies,
    ...written.map((id) =>
      refused(
        `write ${id}`,
        ({ port, operation, name }) => port === 'warehouse' && operation === 'write' && name === id,
        ONCE,
      ),
    ),
    ...['nba_raw', 'nba_reference', 'nba_analytics', 'nba_precompute', 'nba_predictions'].map((dataset) =>
      refused(
        `read ${dataset}`,
        ({ port, operation, name }) =>
          port === 'warehouse' && operation === 'read' && name.includes(`${dataset}.`),
      ),
    ),
    refusedExports('write exports', ({ operation }) => operation === 'write'),
    refusedExports(
      'write tonight’s exports',
      ({ operation, name }, day) => operation === 'write' && name.includes(`/${day}/`),
    ),
    refusedExports('read exports', ({ operation }) => operation === 'read'),
    refused('read models', ({ port, operation }) => port === 'models' && operation === 'read'),
    refused('write state', ({ port, operation }) => port === 'state' && operation === 'write'),
    refused('read state', ({ port, operation }) => port === 'state' && operation === 'read'),
  ];
}

/** Damage of documents, state, registry, jobs and permissions. */
export function storesMutations(): Mutation[] {
  return [...documentMutations(), ...stateMutations(), ...registryMutations(), ...jobMutations()];
}
