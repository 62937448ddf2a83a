import type { Slate } from '#core/calendar.ts';
import { enter, readRuns, readUnits, unitKey } from '#guard/backfill/ledger.ts';
import { type CanaryWorld, type CheckedThing, defineCanary, type Moment } from '#guard/canaries/definition.ts';

/** Minutes without an entry after which a run that calls itself running has died. */
const SILENT_MINUTES = 60;

async function look({ state }: CanaryWorld, { asOf }: Moment): Promise<CheckedThing[]> {
  const units = [...(await readUnits(state)).values()].map(({ step, month, failed }) => {
    const [first] = Object.entries(failed);
    return {
      subject: `${step} ${month}`,
      is_bad: first !== undefined,
      note: first === undefined ? null : `${Object.keys(failed).length} slates failed, first ${first[0]}: ${first[1]}`,
    };
  });
  const runs = (await readRuns(state)).map(({ run_id, state: standing, updated_at, done_units, planned_units }) => {
    const silent = (asOf.getTime() - Date.parse(updated_at)) / 60_000;
    return {
      subject: `run ${run_id}`,
      is_bad: standing === 'running' && silent > SILENT_MINUTES,
      note: `${done_units} of ${planned_units} units, silent for ${Math.round(silent)} minutes`,
    };
  });
  return [...units, ...runs];
}

export const ledgerFailed = defineCanary({
  id: 'ledger_failed',
  phase: 'operations',
  question: 'Did units of a backfill fail, or did a backfill die?',
  expected: 'no failed slate in any unit of the ledger, no running backfill silent for an hour',
  looksAt: 'now',
  ladder: [{ by: '00:00', severity: 'warning' }],
  owner: 'platform',
  repair: 'tipoff backfill resume',
  dependsOn: ['ingest'],
  whenEmpty: { skip: 'no backfill was ever run' },
  look: { probe: look },
  sabotage: {
    act: async ({ state }, { asOf, slate }) => {
      const step = { step: 'CanaryProof', phase: 'precompute', code_hash: 'proof', contract_hash: 'proof' } as const;
      const slates = new Map<Slate, { failed: string }>([[slate, { failed: 'TIPOFF_SQL: no such column' }]]);
      await enter(state, { step, slates, seconds: 1, workload: 1, runId: 'proof', at: asOf.toISOString() });
      return () => state.transaction(async (tx) => tx.delete('backfill_units', unitKey(step.step, slate.slice(0, 7))));
    },
  },
  meaning:
    'History has holes that nobody fills: training and features of those slates are missing, or a run that is believed to be alive is not.',
  steps: [
    'tipoff backfill status: failed units with their reasons, and how far each run came.',
    'A reason that names a column or a contract: correct it first, the unit would fail again.',
    'tipoff backfill resume goes on where the run stopped; finished units are not done again.',
  ],
});
