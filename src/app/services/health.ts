import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { slateOf } from '#core/calendar.ts';
import { type Check, type Outcome, outcome } from '#core/check.ts';
import { type TableContract, tableId } from '#core/contracts/define.ts';
import {
  type PlayerPropPrediction,
  playerPropPredictions,
  publications,
  stagedPredictions,
} from '#core/contracts/nba_predictions.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import type { ModelSource } from '#model/systems.ts';
import { STAGING_PREFIX } from '#pipeline/batch/output-gate.ts';
import type { Clock } from '#platform/clock.ts';
import type { Queue } from '#platform/queue/port.ts';
import type { StateStore } from '#platform/state/port.ts';
import type { TableRef, Warehouse } from '#platform/warehouse/port.ts';

const roles = z.array(z.enum(['coordinator', 'worker']));

export const healthAnswer = z.strictObject({ status: z.literal('ok'), roles });

export const versionAnswer = z.strictObject({
  name: z.literal('tipoff'),
  version: z.string(),
  roles,
  profile: z.string(),
  node: z.string(),
});

export const deepHealthAnswer = z.strictObject({
  status: z.enum(['healthy', 'unhealthy']),
  verdicts: z
    .record(z.string(), z.enum(['pass', 'fail']))
    .describe('Every check with its verdict on one line, for grep'),
  checks: z.array(
    z.strictObject({
      check: z.string(),
      status: z.enum(['pass', 'fail']),
      expected: z.string(),
      seen: z.string(),
      ms: z.number(),
    }),
  ),
  checks_run: z.int(),
  checks_passed: z.int(),
  checks_failed: z.int(),
  total_ms: z.number(),
});
export type DeepHealth = z.infer<typeof deepHealthAnswer>;

export interface HealthDeps {
  readonly warehouse: Warehouse;
  readonly state: StateStore;
  readonly queue: Queue;
  readonly clock: Clock;
  /** The system clock, unaffected by `--at`. */
  readonly machine: Clock;
  /** Must not train: a health check repairs nothing. */
  readonly models: ModelSource;
  /** Names of the settings the service needs, and whether they are set. Never their values. */
  readonly settings: Readonly<Record<string, boolean>>;
}

/** A check of something the service needs. An exception is an error outcome with its message as what was seen. */
export interface HealthCheck extends Pick<Check, 'id' | 'expected'> {
  look(deps: HealthDeps): Promise<{ readonly ok: boolean; readonly seen: string }>;
}

/** Columns without which a prediction cannot be read, graded or trusted: checked by name on top of the whole contract. */
export const CRITICAL_FIELDS = [
  'prediction_id',
  'publication_id',
  'market',
  'system_id',
  'player_lookup',
  'slate',
  'game_id',
  'predicted',
  'confidence',
  'recommendation',
  'is_actionable',
  'line',
  'required_default_count',
  'feature_quality_score',
  'feature_sources',
] as const satisfies readonly (keyof PlayerPropPrediction)[];

const PROBES = 'health_probes';
const PROBE_TOPIC = 'health-probe';
const MAX_SKEW_SECONDS = 60;

/** All checks of deep health. */
export const HEALTH_CHECKS: readonly HealthCheck[] = [
  {
    id: 'warehouse_read',
    expected: 'the predictions of today can be counted',
    look: async ({ warehouse, clock }) => {
      const slate = slateOf(clock.now());
      const [row] = await warehouse.query<{ n: number }>(
        'SELECT COUNT(*) AS n FROM nba_predictions.current_predictions WHERE slate = CAST(@slate AS DATE)',
        { slate },
      );
      return {
        ok: row !== undefined,
        seen: row === undefined ? 'no answer' : `${row.n} rows visible for ${slate}`,
      };
    },
  },
  {
    id: 'staging',
    expected: 'a staging table can be made, described and dropped',
    look: async ({ warehouse, clock }) => {
      const probe: TableRef = {
        dataset: 'nba_predictions',
        name: `${STAGING_PREFIX}health_${randomUUID().replaceAll('-', '')}`,
      };
      const expiresAt = new Date(clock.now().getTime() + 3_600_000).toISOString();
      await warehouse.createTable(stagedPredictions, probe, { labels: { purpose: 'health' }, expiresAt });
      let differences: readonly string[] = [];
      let isGone = false;
      try {
        differences = await differencesOf(warehouse, stagedPredictions, probe);
      } finally {
        isGone = await warehouse.dropTable(probe);
      }
      if (!isGone) return { ok: false, seen: `${probe.name} was gone before it was dropped` };
      return {
        ok: differences.length === 0,
        seen: differences.length === 0 ? 'made and dropped' : differences.join('; '),
      };
    },
  },
  {
    id: 'state_cas',
    expected: 'a document is changed by compare-and-set and read back',
    look: async ({ state, clock }) => {
      const mine = await bump(state, clock, 'cas');
      const read = (await state.get<Probe>(PROBES, 'cas'))?.data.count;
      return { ok: read !== undefined && read >= mine, seen: `wrote ${mine}, read ${read ?? 'nothing'}` };
    },
  },
  {
    id: 'queue_publish',
    expected: 'a message can be published and taken',
    look: async ({ queue, clock }) => {
      await queue.publish(PROBE_TOPIC, [{ at: clock.now().toISOString() }]);
      // Somebody else's check may take ours; then theirs or an older one is here for us, or the topic is empty again.
      const taken = await queue.pull(PROBE_TOPIC, 10);
      for (const delivery of taken) await delivery.ack();
      return { ok: true, seen: `published, took ${taken.length}` };
    },
  },
  {
    id: 'model',
    expected: 'a model may serve today and can be loaded',
    look: async ({ models, clock }) => {
      const slate = slateOf(clock.now());
      const model = await models.forSlate(slate);
      return {
        ok: model.markets.length > 0 && model.dataCutoff <= slate,
        seen: `${model.modelId} with ${model.markets.length} markets, data before ${model.dataCutoff}`,
      };
    },
  },
  {
    id: 'output_schema',
    expected: `every column of ${tableId(playerPropPredictions)} and ${tableId(publications)} as their contracts say, with ${CRITICAL_FIELDS.length} critical fields`,
    look: async ({ warehouse }) => {
      const differences = [
        ...(await differencesOf(warehouse, playerPropPredictions, playerPropPredictions)),
        ...(await differencesOf(warehouse, publications, publications)),
      ];
      const live = (await warehouse.describe(playerPropPredictions))?.map(({ name }) => name) ?? [];
      const present = CRITICAL_FIELDS.filter((name) => live.includes(name)).length;
      const summary = `${live.length} columns, ${present} of ${CRITICAL_FIELDS.length} critical fields`;
      return {
        ok: differences.length === 0 && present === CRITICAL_FIELDS.length,
        seen: [summary, ...differences].join('; '),
      };
    },
  },
  {
    id: 'configuration',
    expected: 'every setting the service needs',
    look: async ({ settings }) => {
      const missing = Object.entries(settings).filter(([, isThere]) => !isThere);
      const names = missing.map(([name]) => name).join(', ');
      return {
        ok: missing.length === 0,
        seen: missing.length === 0 ? `${Object.keys(settings).length} settings` : `missing: ${names}`,
      };
    },
  },
  {
    id: 'clock_skew',
    expected: `within ${MAX_SKEW_SECONDS} s of the state store, and nothing stored from the future`,
    look: async ({ state, clock, machine }) => {
      const before = (await state.get<Probe>(PROBES, 'clock'))?.data.at;
      await bump(state, clock, 'clock');
      const [stored, here] = [await state.ping(), machine.now().getTime()];
      const now = clock.now().getTime();
      const skew = stored === undefined ? 0 : Math.abs(Date.parse(stored) - here) / 1000;
      const ahead = before === undefined ? 0 : Math.max(0, (Date.parse(before) - now) / 1000);
      const ok = skew <= MAX_SKEW_SECONDS && ahead <= MAX_SKEW_SECONDS;
      return {
        ok,
        seen: `${skew.toFixed(1)} s off the state store${ahead > 0 ? `, an earlier probe is ${ahead.toFixed(0)} s ahead` : ''}`,
      };
    },
  },
];

interface Probe {
  readonly count: number;
  readonly at: string;
}

async function bump(state: StateStore, clock: Clock, id: string): Promise<number> {
  return state.transaction(async (tx) => {
    const count = ((await tx.get<Probe>(PROBES, id))?.data.count ?? 0) + 1;
    tx.put(PROBES, id, { count, at: clock.now().toISOString() } satisfies Probe);
    return count;
  });
}

/**
 * How a live table differs from its contract, in words. A nullable column more is none: tables are expanded before the code that
 * writes it is deployed, and stay so when that code is taken back. A required one more lets nobody write.
 */
async function differencesOf(
  warehouse: Warehouse,
  contract: TableContract,
  ref: TableRef,
): Promise<string[]> {
  const live = await warehouse.describe(ref);
  if (live === undefined) return [`${tableId(ref)} does not exist`];
  const found = new Map(live.map((column) => [column.name, column]));
  const differences: string[] = [];
  for (const [name, { type, required }] of Object.entries(contract.columns)) {
    const column = found.get(name);
    const declared = `${type}${required ? ' NOT NULL' : ''}`;
    const seen = column === undefined ? 'nothing' : `${column.type}${column.required ? ' NOT NULL' : ''}`;
    if (seen !== declared) differences.push(`${tableId(ref)}.${name}: expected ${declared}, saw ${seen}`);
    found.delete(name);
  }
  for (const { name, required } of found.values())
    if (required) differences.push(`${tableId(ref)}.${name}: required, and not in the contract`);
  return differences;
}

/** Seconds after which a check has failed. */
const LIMIT_SECONDS = 5;

/**
 * Runs all checks side by side. One that throws, or does not answer in time, could not look, which is unhealthy too; the
 * others still answer.
 */
export async function deepHealth(
  deps: HealthDeps,
  checks: readonly HealthCheck[] = HEALTH_CHECKS,
): Promise<DeepHealth> {
  const began = performance.now();
  const results = await Promise.all(
    checks.map(async (check) => {
      const from = performance.now();
      return answerOf(await healthOutcome(deps, check), performance.now() - from);
    }),
  );
  const failed = results.filter(({ status }) => status === 'fail').length;
  return {
    status: failed === 0 ? 'healthy' : 'unhealthy',
    verdicts: Object.fromEntries(results.map(({ check, status }) => [check, status])),
    checks: results,
    checks_run: results.length,
    checks_passed: results.length - failed,
    checks_failed: failed,
    total_ms: rounded(performance.now() - began),
  };
}

/** The outcome of one check. Never throws. */
async function healthOutcome(deps: HealthDeps, { id, expected, look }: HealthCheck): Promise<Outcome> {
  const made = { check: id, expected };
  try {
    const { ok, seen } = await within(deps.clock, look(deps));
    return outcome({ ...made, status: ok ? 'pass' : 'fail', seen, reason: seen });
  } catch (error) {
    const seen = error instanceof TipoffError ? `${error.code}: ${error.message}` : messageOf(error);
    return outcome({ ...made, status: 'error', seen, reason: seen });
  }
}

/** An outcome as the endpoint gives it, which knows no third status: what could not look has not passed. */
function answerOf({ check, status, expected, seen }: Outcome, ms: number): DeepHealth['checks'][number] {
  return {
    check,
    status: status === 'pass' ? 'pass' : 'fail',
    expected,
    seen: String(seen),
    ms: rounded(ms),
  };
}

async function within<T>(clock: Clock, work: Promise<T>): Promise<T> {
  const done = new AbortController();
  const limit = clock.sleep(LIMIT_SECONDS * 1000, done.signal).then(() => {
    throw new TipoffError('TIPOFF_NOT_READY', `no answer within ${LIMIT_SECONDS} s`, {
      hint: 'Look at the load of the store.',
    });
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    done.abort();
    // The sleep that was cut short ends in an abort which nobody else waits for.
    limit.catch(() => undefined);
  }
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
