import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { HEALTHY_AS_OF } from '#app/healthy-league.ts';
import { addDays, type Slate, slateOf } from '#core/calendar.ts';
import { slateLookedAt } from '#guard/canaries/ask.ts';
import { readCalendar } from '#guard/canaries/calendar.ts';
import { CATALOGUE } from '#guard/canaries/catalogue/catalogue.ts';
import { type Canary, type CanaryResult, defineCanary } from '#guard/canaries/definition.ts';
import { CANARY_JOB } from '#guard/canaries/heartbeats.ts';
import { newOwnCheck, readOwnCheck } from '#guard/canaries/own.ts';
import { applySabotage, prove } from '#guard/canaries/prove.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import { paramsOf } from '#guard/canaries/statements.ts';
import { failingSlates, INCIDENT_COLLECTIONS } from '#guard/incidents/document.ts';
import { checkRuns, readHeads, updateIncidents } from '#guard/incidents/update.ts';
import { itForSpread } from '#test/depth.ts';
import { healthyWorld, type TestWorld } from './world.ts';

// Days are lived through all phases before the checks are asked.
vi.setConfig({ hookTimeout: 120_000 });

const isLoud = ({ status }: CanaryResult): boolean => status === 'fail' || status === 'error';
const brief = ({ check, slate, reason, offenders }: CanaryResult): unknown[] => [
  check,
  slate,
  reason,
  offenders.slice(0, 3),
];

/** A holiday without games and two game days; the long version with breaks, time changes and playoffs is `npm run test:soak`. */
describe('the catalogue on a healthy world', () => {
  let world: TestWorld;
  let lived: readonly CanaryResult[];
  beforeAll(async () => {
    ({ world, lived } = await healthyWorld());
  });
  afterAll(() => world.close());

  test('healthy days raise no alert', () => {
    expect(lived.filter(isLoud).map(brief)).toEqual([]);
    const asked = new Set(lived.filter(({ status }) => status === 'pass').map(({ check }) => check));
    const never = CATALOGUE.filter(({ id }) => !asked.has(id)).map(({ id }) => id);
    expect(never).toEqual([]);
  });

  test('a holiday is not asked about, and says why', () => {
    const holiday = lived.filter(({ check, slate }) => check === 'prediction_gap' && slate === '2024-11-28');
    expect(holiday.map(({ status, reason }) => [status, reason])).toEqual([
      ['skip', 'no games on 2024-11-28'],
    ]);
  });

  test('says the same where all is asked by few queries, because reading is billed', {
    // The whole catalogue is planned three times.
    timeout: 60_000,
  }, async () => {
    let queries = 0;
    const warehouse: TestWorld['warehouse'] = {
      ...world.warehouse,
      dryRun: async () => ({ bytes: 0 }),
      query: async (sql, params, limits) => {
        if (sql.includes('AS look_0')) queries += 1;
        return world.warehouse.query(sql, params, limits);
      },
    };
    const request = { canaries: CATALOGUE, asOf: HEALTHY_AS_OF, store: false };
    const answers = async (deps: TestWorld) =>
      (await runCanaries(deps, request)).results.map(({ ms: _ms, bytes: _bytes, ...rest }) => rest);
    expect(await answers({ ...world, warehouse })).toEqual(await answers(world));
    expect(queries).toBe(Math.ceil(CATALOGUE.filter(({ look }) => 'sql' in look).length / 24));
  });

  // Every case restores what it broke, so that they share one world whatever their order.
  test.each(CATALOGUE.map((canary) => [canary.id, canary] as const))(
    '%s fires on its own sabotage and is quiet when it is undone',
    async (_id, canary) => {
      const { proofs } = await prove(world, [canary], HEALTHY_AS_OF);
      expect(proofs).toMatchObject([{ check: canary.id, proven: true, broken: 'fail' }]);
    },
  );

  /** One run of a check some days after the last evening, taken into the incidents. */
  async function daysLater(canary: Canary, days: number, minutes = 0) {
    world.clock.set(new Date(HEALTHY_AS_OF.getTime() + days * 86_400_000 + minutes * 60_000));
    const { runs } = await runCanaries(world, { canaries: [canary], store: false });
    await updateIncidents(world.state, checkRuns(runs, CATALOGUE));
    const incident = (await readHeads(world.state)).get(canary.id);
    return incident?.status === 'open' ? failingSlates(incident).map(([slate]) => slate) : [];
  }

  async function forget(canary: Canary): Promise<void> {
    await world.state.transaction(async (tx) => {
      tx.delete(INCIDENT_COLLECTIONS.heads, canary.id);
      tx.delete('heartbeats', CANARY_JOB);
    });
    world.clock.set(HEALTHY_AS_OF);
  }

  /** What these compare with is what was published before, and only two slates were published here: no evidence is left of more. */
  const WITHOUT_EVIDENCE = ['systems_present', 'model_serves'];

  /** The same damage on the slates before as well: what lasts for 2 and for 10 slates must not have become usual. */
  async function stillFails(canary: Canary, statements: readonly string[], slate: Slate): Promise<void> {
    for (let before = 1; before < 10; before++) {
      for (const sql of statements)
        await world.warehouse.execute(
          sql,
          paramsOf(sql, 14, { slate: addDays(slate, -before), asOf: HEALTHY_AS_OF }),
        );
      if (![1, 9].includes(before)) continue;
      const { results } = await runCanaries(world, {
        canaries: [canary],
        asOf: HEALTHY_AS_OF,
        store: false,
      });
      expect(
        results.map(({ status, reason }) => [status, reason]),
        `${before + 1} slates`,
      ).toEqual([['fail', expect.any(String)]]);
    }
  }

  /** Rates of the last hour or day: one that has gone down is well, and there is nothing to repair. */
  const RATES = ['run_rate', 'byte_budget', 'messages_parked'];
  /** What fails by itself once no day follows the last evening: nothing runs, and nothing is scheduled. */
  const AGES = ['schedule_ahead', 'job_heartbeats', 'backup_fresh', 'season_reconciled'];

  /** Checks for which the last evening of this league has too few forecasts: after the repair they skip, and only a pass closes. */
  const TOO_FEW = ['direction_imbalance'];

  itForSpread(CATALOGUE, 8)(
    '$id fails for as long as its input is broken, and ends with the first pass after the repair',
    async (canary) => {
      const moment = { asOf: HEALTHY_AS_OF, slate: slateLookedAt(canary, slateOf(HEALTHY_AS_OF)) };
      const calendar = await readCalendar(world.warehouse, slateOf(HEALTHY_AS_OF));
      const undo = await applySabotage(canary, world, { ...moment, calendar });
      try {
        if ('sql' in canary.sabotage && !WITHOUT_EVIDENCE.includes(canary.id))
          await stillFails(canary, canary.sabotage.sql, moment.slate);
        for (const days of RATES.includes(canary.id) ? [0] : [0, 10]) {
          const failing = await daysLater(canary, days);
          expect(failing.length, `${days} days later`).toBeGreaterThan(0);
          if (canary.looksAt !== 'now') expect(failing).toContain(moment.slate);
        }
      } finally {
        await undo();
      }
      const failing = await daysLater(canary, 10, 30);
      const left = TOO_FEW.includes(canary.id) ? [moment.slate] : [];
      if (!AGES.includes(canary.id)) expect(failing.filter((slate) => slate <= moment.slate)).toEqual(left);
      if (canary.looksAt === 'now' && !AGES.includes(canary.id)) expect(failing).toEqual([]);
      await forget(canary);
    },
  );

  test('the first check of the user’s own that is written fires on its sabotage', async () => {
    const file = readOwnCheck('checks/mine.yaml', newOwnCheck('mine'), new Set());
    if (!('check' in file) || file.check.sabotage === undefined) throw new Error('expected a check');
    const { proofs } = await prove(world, [{ ...file.check, sabotage: file.check.sabotage }], HEALTHY_AS_OF);
    expect(proofs).toMatchObject([{ check: 'mine', proven: true, broken: 'fail' }]);
  });

  test('a check that cannot fire, cannot run or has a harmless sabotage is not proven', async () => {
    const [base] = CATALOGUE;
    if (base === undefined) throw new Error('expected a catalogue');
    const fine = "SELECT 'x' AS subject, FALSE AS is_bad, 'x' AS note";
    const report = await prove(
      world,
      [
        defineCanary({ ...base, id: 'always_green', look: { sql: fine } }),
        defineCanary({
          ...base,
          id: 'always_broken',
          look: { sql: 'SELECT no_such_column FROM nba_reference.schedule' },
        }),
        defineCanary({
          ...base,
          id: 'harmless',
          sabotage: { sql: ["DELETE FROM nba_reference.schedule WHERE game_id = 'none'"] },
        }),
      ],
      HEALTHY_AS_OF,
    );
    expect(report.proofs.map(({ check, proven, broken }) => [check, proven, broken])).toEqual([
      ['always_green', false, 'pass'],
      ['always_broken', false, 'error'],
      ['harmless', false, 'error'],
    ]);
    expect(report.proofs[2]?.detail).toContain('changed nothing');
  });
});
