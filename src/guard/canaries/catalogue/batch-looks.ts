import type { CanaryContext, CheckedThing, Moment } from '#guard/canaries/definition.ts';
import { STAGING_HOURS, STAGING_PREFIX, stagingPrefix } from '#pipeline/batch/output-gate.ts';
import { activeBatches, isActive, listBatches } from '#pipeline/batch/state.ts';

/** Minutes without progress, and of age, after which the sweeper should have acted: its limits of 5 and 30 and one period. */
const SILENT_MINUTES = 12;
const OLD_MINUTES = 40;

const minutes = (from: string, to: Date): number => (to.getTime() - Date.parse(from)) / 60_000;

/** Every batch there is; wrong is one that works and has made no progress for too long, or is too old. */
export async function stuckBatches({ state }: CanaryContext, { asOf }: Moment): Promise<CheckedThing[]> {
  const batches = (await listBatches(state)).filter(
    ({ created_at }) => Date.parse(created_at) <= asOf.getTime(),
  );
  return batches.map((batch) => {
    const [silent, age] = [minutes(batch.progress_at, asOf), minutes(batch.created_at, asOf)];
    return {
      subject: batch.batch_id,
      is_bad: isActive(batch.state) && (silent > SILENT_MINUTES || age > OLD_MINUTES),
      note: `${batch.state}, ${Math.round(age)} minutes old, no progress for ${Math.round(silent)}`,
    };
  });
}

/** The newest batch of the slate; wrong is one that was held or has failed. */
export async function endedBatches(
  { state }: CanaryContext,
  { asOf, slate }: Moment,
): Promise<CheckedThing[]> {
  const newest = (await listBatches(state, slate))
    .filter(({ created_at }) => Date.parse(created_at) <= asOf.getTime())
    .at(-1);
  if (newest === undefined) return [];
  return [
    {
      subject: newest.batch_id,
      is_bad: newest.state === 'held' || newest.state === 'failed',
      note: `${newest.state}${newest.reason === null ? '' : `: ${newest.reason}`}`,
    },
  ];
}

/** Hours after its expiry at which the clean-up should long have dropped a table. */
const GRACE_HOURS = 24;

/** Every staging table; wrong is one that no batch owns and that the clean-up should long have dropped. */
export async function orphanedStaging(
  { warehouse, state }: CanaryContext,
  { asOf }: Moment,
): Promise<CheckedThing[]> {
  const tables = await warehouse.listTables('nba_predictions', STAGING_PREFIX);
  const active = (await activeBatches(state)).map(({ batch_id }) => stagingPrefix(batch_id));
  return [
    { subject: 'staging', is_bad: false, note: null },
    ...tables.map(({ name, createdAt, expiresAt, rows }) => {
      const expired =
        expiresAt === null
          ? Date.parse(createdAt ?? '1970-01-01') + STAGING_HOURS * 3_600_000
          : Date.parse(expiresAt);
      const hours = (asOf.getTime() - expired) / 3_600_000;
      const owned = active.some((prefix) => name.startsWith(prefix));
      return {
        subject: name,
        is_bad: !owned && hours > GRACE_HOURS,
        note: `${rows} rows, expired ${Math.round(hours)} hours ago`,
      };
    }),
  ];
}
