import { type CanaryWorld, type CheckedThing, defineCanary, type Moment } from '#guard/canaries/definition.ts';
import { listBatches } from '#pipeline/predict/batches.ts';
import { type BatchDoc, COLLECTIONS } from '#pipeline/predict/documents.ts';

async function look({ state }: CanaryWorld, { asOf, slate }: Moment): Promise<CheckedThing[]> {
  const newest = (await listBatches(state, slate)).filter(({ created_at }) => Date.parse(created_at) <= asOf.getTime()).at(-1);
  if (newest === undefined) return [];
  return [
    {
      subject: newest.batch_id,
      is_bad: newest.state === 'held' || newest.state === 'failed',
      note: `${newest.state}${newest.reason === null ? '' : `: ${newest.reason}`}`,
    },
  ];
}

/** A later run mode that finds everybody predicted or skipped ends in a batch of its own; it is no failure. */
export const batchEnded = defineCanary({
  id: 'batch_ended',
  phase: 'predict',
  question: 'Was the newest batch of tonight held or did it fail?',
  expected: 'the newest batch published, partial or still running',
  looksAt: 'tonight',
  ladder: [{ by: '00:00', severity: 'critical' }],
  owner: 'predictions',
  repair: 'tipoff batch reset --slate {slate} --why <reason>, then tipoff predict {slate} --mode RETRY',
  dependsOn: ['precompute'],
  whenEmpty: { skip: 'no batch was started for this slate; prediction_gap says whether one should have been' },
  look: { probe: look },
  sabotage: {
    act: async ({ state }, { slate, asOf }) => {
      const batch = (await listBatches(state, slate)).filter(({ created_at }) => Date.parse(created_at) <= asOf.getTime()).at(-1);
      if (batch === undefined) return async () => undefined;
      const put = (document: BatchDoc) => state.transaction(async (tx) => tx.put(COLLECTIONS.batches, batch.batch_id, document));
      await put({ ...batch, state: 'held', reason: 'TIPOFF_AUDIT_FAILED: constants (expected fewer than 20, saw 24)' });
      return () => put(batch);
    },
  },
  meaning:
    'The audit refused what the workers made, or nobody could be predicted. Nothing of it is visible; what was published before still is.',
  steps: [
    'The note names the failed check or the most frequent failure.',
    'tipoff batch show <batch> lists the outcomes; the staging tables are kept.',
    'Repair the cause, reset the batch and predict again.',
  ],
});
