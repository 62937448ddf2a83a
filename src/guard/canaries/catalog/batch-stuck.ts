import { type CanaryWorld, type CheckedThing, defineCanary, type Moment } from '#guard/canaries/definition.ts';
import { listBatches } from '#pipeline/predict/batches.ts';
import { type BatchDoc, COLLECTIONS, isActive } from '#pipeline/predict/documents.ts';

/** Minutes without progress, and of age, after which the sweeper should have acted: its limits of 5 and 30 and one period. */
const SILENT_MINUTES = 12;
const OLD_MINUTES = 40;

const minutes = (from: string, to: Date): number => (to.getTime() - Date.parse(from)) / 60_000;

async function look({ state }: CanaryWorld, { asOf }: Moment): Promise<CheckedThing[]> {
  const batches = (await listBatches(state)).filter(({ created_at }) => Date.parse(created_at) <= asOf.getTime());
  return batches.map((batch) => {
    const [silent, age] = [minutes(batch.progress_at, asOf), minutes(batch.created_at, asOf)];
    return {
      subject: batch.batch_id,
      is_bad: isActive(batch.state) && (silent > SILENT_MINUTES || age > OLD_MINUTES),
      note: `${batch.state}, ${Math.round(age)} minutes old, no progress for ${Math.round(silent)}`,
    };
  });
}

export const batchStuck = defineCanary({
  id: 'batch_stuck',
  phase: 'predict',
  question: 'Is a batch stuck, and since when?',
  expected: 'no batch open for more than 40 minutes or silent for more than 12',
  looksAt: 'now',
  ladder: [{ by: '00:00', severity: 'critical' }],
  owner: 'predictions',
  repair: 'tipoff batch check-stalled; then tipoff batch reset --slate {slate} --why <reason>',
  dependsOn: [],
  whenEmpty: { skip: 'no batch was ever started' },
  look: { probe: look },
  sabotage: {
    act: async ({ state }, { asOf }) => {
      const [batch] = (await listBatches(state)).filter(({ created_at }) => Date.parse(created_at) <= asOf.getTime());
      if (batch === undefined) return async () => undefined;
      const put = (document: BatchDoc) => state.transaction(async (tx) => tx.put(COLLECTIONS.batches, batch.batch_id, document));
      const since = new Date(asOf.getTime() - 55 * 60_000).toISOString();
      await put({ ...batch, state: 'running', created_at: since, progress_at: since, closed_at: null });
      return () => put(batch);
    },
  },
  meaning:
    'The sweeper closes every batch after 30 minutes whatever its percentage. An older one means that no sweeper runs, and its slate refuses new batches.',
  steps: [
    'tipoff batch show <batch>: which units wait, and when was the last outcome?',
    'tipoff batch check-stalled does by hand what the sweeper does.',
    'tipoff batch reset --slate <slate> --why <reason> frees the slate; what was staged is kept unless told otherwise.',
    'Find out why the sweeper is silent: job_heartbeats, tipoff serve.',
  ],
});
