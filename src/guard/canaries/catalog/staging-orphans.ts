import { stagedPredictions } from '#core/contracts/nba_predictions/player-prop-predictions.ts';
import { type CanaryWorld, type CheckedThing, defineCanary, type Moment } from '#guard/canaries/definition.ts';
import { activeBatches } from '#pipeline/predict/batches.ts';
import { STAGING_HOURS, STAGING_PREFIX, stagingPrefix } from '#pipeline/predict/staging.ts';

/** Hours after its expiry at which the clean-up should long have dropped a table. */
const GRACE_HOURS = 24;

async function look({ warehouse, state }: CanaryWorld, { asOf }: Moment): Promise<CheckedThing[]> {
  const tables = await warehouse.listTables('nba_predictions', STAGING_PREFIX);
  const active = (await activeBatches(state)).map(({ batch_id }) => stagingPrefix(batch_id));
  return [
    { subject: 'staging', is_bad: false, note: null },
    ...tables.map(({ name, createdAt, expiresAt, rows }) => {
      const expired = expiresAt === null ? Date.parse(createdAt ?? '1970-01-01') + STAGING_HOURS * 3_600_000 : Date.parse(expiresAt);
      const hours = (asOf.getTime() - expired) / 3_600_000;
      const owned = active.some((prefix) => name.startsWith(prefix));
      return { subject: name, is_bad: !owned && hours > GRACE_HOURS, note: `${rows} rows, expired ${Math.round(hours)} hours ago` };
    }),
  ];
}

export const stagingOrphans = defineCanary({
  id: 'staging_orphans',
  phase: 'predict',
  question: 'Do staging tables stay behind?',
  expected: 'no staging table a day past its expiry without an open batch',
  looksAt: 'now',
  ladder: [{ by: '00:00', severity: 'info' }],
  owner: 'platform',
  repair: 'tipoff staging clean',
  dependsOn: [],
  whenEmpty: 'fail',
  look: { probe: look },
  sabotage: {
    act: async ({ warehouse }, { asOf }) => {
      const orphan = { dataset: 'nba_predictions', name: `${STAGING_PREFIX}orphan__0_1` } as const;
      await warehouse.createTable(stagedPredictions, orphan, { expiresAt: new Date(asOf.getTime() - 30 * 3_600_000).toISOString() });
      return async () => {
        await warehouse.dropTable(orphan);
      };
    },
  },
  meaning: 'The clean-up does not run. Held and failed batches keep their tables for two days on purpose; these have expired.',
  steps: [
    'tipoff staging list shows each with its batch and state.',
    'A held batch among them: decide first whether its rows are wanted (batch reset with publish or discard).',
    'tipoff staging clean --dry-run, then without.',
  ],
});
