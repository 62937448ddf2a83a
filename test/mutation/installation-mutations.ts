import { addDays, easternInstant, type Slate } from '#core/calendar.ts';
import { columnNames } from '#core/contracts/define.ts';
import { mlFeatureStore, stagedPredictions } from '#core/contracts/nba_predictions.ts';
import { scaleOf } from '#core/markets.ts';
import { enterSlates, writeRun } from '#guard/backfill/ledger.ts';
import { readBackupRecord, writeBackupRecord } from '#guard/backup-record.ts';
import { type CountDistribution, median, moments, pOverDecided, shiftedTo } from '#model/distribution.ts';
import { CHAMPION_SYSTEM } from '#model/systems.ts';
import { STAGING_PREFIX } from '#pipeline/batch/output-gate.ts';
import { COLLECTIONS, UNIT_TOPIC } from '#pipeline/batch/state.ts';
import { PRECOMPUTE_PROCESSORS } from '#pipeline/graph.ts';
import { outputOf, runProcessor } from '#pipeline/processor.ts';
import { refreshSummaries } from '#pipeline/refresh.ts';
import { WORK_COLLECTION } from '#pipeline/work.ts';
import { virtualClock } from '#platform/clock.ts';
import type { Damage, PlainStores } from './damage.ts';
import { contract, LASTING, type Mutation, ONCE } from './mutation.ts';

const DISTANT = '2099-01-01T00:00:00.000Z';

/** An instant of a day between the daily job and the looks of the evening. */
function afternoon(day: Slate, time = '14:00'): string {
  return easternInstant(day, time).toISOString();
}

/** Faults of what runs here: nothing that is visible is wrong for it yet, and somebody has to hear of it. */
function faults(): Mutation[] {
  const fault = (
    operator: string,
    place: string,
    is: string,
    damage: Damage,
    slates: readonly number[] = ONCE,
  ): Mutation => ({ operator, place: `installation: ${place}`, slates, damage, fault: is });
  const after = (act: (stores: PlainStores, day: Slate) => Promise<unknown>): Damage => ({
    touches: [],
    after: async (stores, day) => void (await act(stores, day)),
  });
  const halted = (from: number, until: (day: Slate) => string): Damage =>
    after(({ state }, day) =>
      state.transaction(async (tx) =>
        tx.put('operations', 'halt', {
          reason: 'maintenance',
          by: 'somebody',
          since: afternoon(addDays(day, from)),
          until: until(day),
        }),
      ),
    );
  return [
    fault(
      'an older version',
      'the version that runs',
      'a version runs that main has replaced',
      {
        touches: [],
        deployment: (healthy) => ({ ...healthy, expectedVersion: 'newer' }),
      },
      LASTING,
    ),
    fault('a missing setting', 'settings', 'a setting is missing', {
      touches: [],
      deployment: (healthy) => ({ ...healthy, configGaps: ['the token of the channel is not set'] }),
    }),
    fault('an unreadable file', 'own checks', 'a check is not asked', {
      touches: [],
      deployment: (healthy) => ({
        ...healthy,
        ownChecks: [{ path: 'checks/mine.yaml', problem: 'checks/mine.yaml, line 4: expected some words' }],
      }),
    }),
    fault(
      'never written',
      'back-up',
      'there is no back-up of the day',
      { touches: [], never: 'back-up' },
      LASTING,
    ),
    fault(
      'refused',
      'back-up',
      'a generation of the back-up cannot be used',
      after(async ({ state }) => {
        const record = await readBackupRecord(state);
        if (record !== undefined) await writeBackupRecord(state, { ...record, refused: [3] });
      }),
    ),
    fault(
      'a failed slate',
      'ledger of the backfill',
      'a slate of the backfill has failed',
      after(({ state }, day) =>
        enterSlates(state, {
          step: {
            step: 'PlayerDailyCache',
            phase: 'precompute',
            code_hash: 'code',
            contract_hash: 'contract',
          },
          slates: new Map([[day, { failed: 'TIPOFF_SQL: no such column' }]]),
          seconds: 1,
          workload: 1,
          runId: 'backfill',
          at: afternoon(day),
        }),
      ),
    ),
    fault(
      'a dead run',
      'ledger of the backfill',
      'a backfill has died',
      after(({ state }, day) =>
        writeRun(state, {
          run_id: 'backfill',
          from: addDays(day, -9),
          to: day,
          phases: ['precompute'],
          asked: {},
          by: 'somebody',
          state: 'running',
          planned_units: 9,
          done_units: 2,
          failed_units: 0,
          estimated_seconds: 60,
          started_at: afternoon(day, '12:20'),
          updated_at: afternoon(day, '12:30'),
          finished_at: null,
          reason: null,
        }),
      ),
    ),
    fault(
      'killed',
      'a fetch',
      'a fetch has died',
      after(({ state }, day) =>
        state.transaction(async (tx) =>
          tx.put(WORK_COLLECTION, `fetch ${day}`, {
            work: 'fetch',
            about: day,
            started_at: afternoon(day),
            lease_until: afternoon(day, '14:30'),
          }),
        ),
      ),
    ),
    fault(
      'given up',
      'a message of the queue',
      'a message was given up',
      after(async ({ queue }) => {
        await queue.publish(UNIT_TOPIC, [{ batch_id: 'none', unit_id: 'none' }]);
        const [delivery] = await queue.pull(UNIT_TOPIC, 1);
        if (delivery !== undefined) await queue.park(delivery, 'TIPOFF_SQL: no such column');
      }),
    ),
    fault(
      'taken by nobody',
      'units of the batch',
      'no worker has taken a unit',
      after(async ({ state }, day) => {
        const units = await state.list(COLLECTIONS.units);
        await state.transaction(async (tx) => {
          for (const { id, data } of units)
            if (id.startsWith(day)) tx.put(COLLECTIONS.units, id, { ...data, claim: 0 });
        });
      }),
    ),
    fault(
      'forgotten',
      'halt of the checks',
      'nothing is checked for more than a week',
      halted(-9, () => DISTANT),
    ),
    fault(
      'not lifted',
      'halt of the checks',
      'a halt is over, and nobody has said so',
      halted(-3, (day) => afternoon(day, '12:20')),
    ),
    fault('a lost column', 'nba_raw.shots', 'the next load of shots fails', {
      touches: ['nba_raw.shots'],
      after: async ({ warehouse }) =>
        void (await warehouse.execute('ALTER TABLE nba_raw.shots DROP COLUMN distance_feet')),
    }),
    fault('another type', 'nba_raw.shots', 'the next load of shots fails', {
      touches: ['nba_raw.shots'],
      after: async ({ warehouse }) =>
        void (await warehouse.execute('ALTER TABLE nba_raw.shots ALTER COLUMN distance_feet TYPE VARCHAR')),
    }),
    fault('read over and over', 'nba_orchestration.canary_results', 'the checks cost more than they may', {
      touches: ['nba_orchestration.canary_results'],
      after: async ({ warehouse }, day) =>
        void (await warehouse.execute(
          `INSERT INTO nba_orchestration.canary_results SELECT * REPLACE ('greedy' AS canary_id, 9000000000 AS bytes, 'greedy ' || run_id AS run_id, TIMESTAMPTZ '${afternoon(day)}' AS as_of)
           FROM nba_orchestration.canary_results LIMIT 1`,
        )),
    }),
    fault('done over and over', 'nba_orchestration.phase_runs', 'the same work is done without end', {
      touches: ['nba_orchestration.phase_runs'],
      after: async ({ warehouse }, day) =>
        void (await warehouse.execute(
          `INSERT INTO nba_orchestration.phase_runs SELECT runs.* REPLACE ('again ' || i AS run_id, TIMESTAMPTZ '${afternoon(day, '17:20')}' AS started_at, TIMESTAMPTZ '${afternoon(day, '17:20')}' AS finished_at)
           FROM (SELECT * FROM nba_orchestration.phase_runs WHERE processor = 'MLFeatureStore' AND slate_to = DATE '${day}' AND verdict = 'done' LIMIT 1) AS runs, range(30) AS times(i)`,
        )),
    }),
    fault(
      'never ends well',
      'nba_orchestration.phase_runs',
      'a job fails every time, and each time as if it were the first',
      {
        touches: ['nba_orchestration.phase_runs'],
        after: async ({ warehouse }, day) =>
          void (await warehouse.execute(
            `INSERT INTO nba_orchestration.phase_runs SELECT runs.* REPLACE ('hopeless ' || i AS run_id, 'HopelessJob' AS processor, 'failed' AS verdict, 'TIPOFF_SQL: no such column' AS reason, TIMESTAMPTZ '${afternoon(day)}' - to_hours(i) AS started_at, TIMESTAMPTZ '${afternoon(day)}' - to_hours(i) AS finished_at)
           FROM (SELECT * FROM nba_orchestration.phase_runs WHERE processor = 'MLFeatureStore' AND slate_to = DATE '${day}' AND verdict = 'done' LIMIT 1) AS runs, range(10) AS times(i)`,
          )),
      },
    ),
    fault('killed halfway', 'a backfill of tonight', 'features of tonight are older than what they read', {
      touches: [
        'nba_orchestration.phase_runs',
        'nba_orchestration.written_rows',
        ...PRECOMPUTE_PROCESSORS.map(outputOf),
      ],
      after: async ({ warehouse }, day) => {
        const clock = virtualClock(afternoon(day));
        const range = { from: day, to: day, asOf: afternoon(day) };
        for (const processor of PRECOMPUTE_PROCESSORS)
          if (processor.table !== mlFeatureStore)
            await runProcessor(
              { warehouse, clock, codeVersion: 'mutation', runId: 'a backfill' },
              processor,
              range,
            );
      },
    }),
    {
      ...fault(
        'left behind',
        'staging table',
        'a staging table takes up space for ever',
        after(({ warehouse }, day) =>
          warehouse.createTable(
            stagedPredictions,
            { dataset: 'nba_predictions', name: `${STAGING_PREFIX}orphan__0_1` },
            { expiresAt: afternoon(addDays(day, -3)) },
          ),
        ),
      ),
      isForDigest: true,
    },
  ];
}

/** What was said after the daily run, and no run followed. */
function standingClaims(): Mutation[] {
  const claim = (operator: string, place: string, is: string, sql: (day: Slate) => string): Mutation => ({
    operator,
    place,
    slates: ONCE,
    fault: is,
    damage: {
      touches: [place.split(' ')[0] ?? ''],
      after: async ({ warehouse }, day) => void (await warehouse.execute(sql(day))),
    },
  });
  const again = (table: string, day: Slate, change: string, where: string): string =>
    `INSERT INTO ${table} SELECT * REPLACE (${change}, 'after ' || row_id AS row_id, TIMESTAMPTZ '${afternoon(day)}' AS ingested_at) FROM ${table} WHERE slate = DATE '${day}' AND ${where}`;
  return [
    claim(
      'ruled out after the run',
      'nba_raw.injury_reports (afternoon)',
      'a prediction is visible of a player who is ruled out',
      (day) => {
        const said = columnNames(contract('nba_raw.injury_reports'))
          .filter((name) => ['report_at', 'last_report_at'].includes(name))
          .map((name) => `TIMESTAMPTZ '${afternoon(day, '13:30')}' AS ${name}`)
          .join(', ');
        return again(
          'nba_raw.injury_reports',
          day,
          `'out' AS status, ${said}`,
          `player_lookup IN (SELECT player_lookup FROM nba_predictions.current_predictions WHERE slate = DATE '${day}')`,
        );
      },
    ),
    claim(
      'moved after the run',
      'nba_raw.player_lines (afternoon)',
      'predictions are visible against lines that nobody offers',
      (day) =>
        again(
          'nba_raw.player_lines',
          day,
          `line + 2 AS line, TIMESTAMPTZ '${afternoon(day)}' AS snapshot_at`,
          'NOT is_alternate',
        ),
    ),
  ];
}

/** A correction of an old box score that only the summaries took up: the features after it rest on the old one. */
function partialCorrection(): Mutation {
  const table = 'nba_raw.player_box_scores';
  return {
    operator: 'corrected in part',
    place: `${table} (a week ago)`,
    slates: ONCE,
    fault: 'features rest on an older history',
    damage: {
      touches: [table, 'nba_orchestration.phase_runs'],
      after: async (stores, day) => {
        await stores.warehouse.execute(
          `INSERT INTO ${table} SELECT * REPLACE (ast + 1 AS ast, 'after ' || row_id AS row_id, TIMESTAMPTZ '${afternoon(day, '12:20')}' AS ingested_at) FROM ${table}
           WHERE slate = DATE '${addDays(day, -6)}' AND played AND ast IS NOT NULL ORDER BY row_id LIMIT 1`,
        );
        await refreshSummaries({ ...stores, codeVersion: 'mutation', runId: 'a correction' });
      },
    },
  };
}

/** A distribution shifted until its median is a given number of points. */
function movedTo(distribution: CountDistribution, line: string, points: number): CountDistribution {
  let [low, high] = [0.0005, 0.9995];
  let moved = distribution;
  for (let i = 0; i < 14; i++) {
    const over = (low + high) / 2;
    moved = shiftedTo(distribution, line, over);
    if (median(moved) < points) low = over;
    else high = over;
  }
  return moved;
}

/** Models that went wrong, or were promoted by mistake: what they forecast is staged, audited and published as they say it. */
function badModels(): Mutation[] {
  const model = (
    operator: string,
    /** Points from the line; in other markets as much by their scale. */
    away: (own: number, isOdd: boolean) => number,
  ): Mutation => ({
    operator,
    place: 'nba_predictions.staged_predictions (of a bad model)',
    slates: ONCE,
    damage: {
      touches: ['nba_predictions.staged_predictions', 'nba_predictions.player_prop_predictions'],
      forecast: (made, { system, line, market, features }) => {
        if (system !== CHAMPION_SYSTEM || line === undefined || line === null) return made;
        const scale = scaleOf(market);
        const isOdd = Math.round((features['min_ewma8'] ?? 0) * 1000) % 2 === 1;
        const from = Number(line);
        const to = Math.max(0.1, from + scale * away((made.median - from) / scale, isOdd));
        const distribution = movedTo(made.distribution, line, to);
        return {
          ...moments(distribution),
          median: median(distribution),
          distribution,
          believedOver: pOverDecided(distribution, line),
        };
      },
    },
  });
  return [
    model('a little too high', (own) => 1.2 + 0.1 * Math.abs(own)),
    model('far too high and all over the place', (own) => 1.4 + 1.8 * own),
    model('the line repeated', (_own, isOdd) => (isOdd ? 0.1 : -0.1)),
  ];
}

/** Faults of the installation, of its models, and claims that nobody followed up. */
export function installationMutations(): Mutation[] {
  return [...faults(), ...standingClaims(), partialCorrection(), ...badModels()];
}
