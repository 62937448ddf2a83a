import type { Slate } from '#core/calendar.ts';
import type { CanaryContext, CheckedThing, Moment } from '#guard/canaries/definition.ts';
import { readStored, type StoredDocument } from '#pipeline/exports/stored-documents.ts';
import type { ObjectStore } from '#platform/objects/port.ts';

export const PREDICTIONS_PATH = (slate: Slate): string => `exports/${slate}/predictions.json`;
export const PICKS_PATH = (slate: Slate): string => `exports/${slate}/picks.json`;
export const RESULTS_PATH = (slate: Slate): string => `exports/${slate}/results.json`;

/** Minutes an export may lag behind its publication. */
export const LAG_MINUTES = 20;

/** What the warehouse shows for the slate. */
export interface Visible {
  readonly visible: number;
  readonly published_at: string | null;
}

/** The visible rows of a slate and when the newest of them was published. */
async function visibleRows({ warehouse }: CanaryContext, slate: Slate): Promise<Visible> {
  const [row] = await warehouse.query<Visible>(
    'SELECT COUNT(*) AS visible, MAX(published_at) AS published_at FROM nba_predictions.current_predictions WHERE slate = CAST(@slate AS DATE)',
    { slate },
  );
  return row ?? { visible: 0, published_at: null };
}

/** Judges stored documents of a slate against what is visible; nothing visible = nothing to expect. */
export async function checkDocuments(
  context: CanaryContext,
  { slate }: Moment,
  paths: readonly string[],
  judge: (stored: StoredDocument, visible: Visible) => string | undefined,
): Promise<CheckedThing[]> {
  const visible = await visibleRows(context, slate);
  if (visible.visible === 0) return [];
  return Promise.all(
    paths.map(async (path) => {
      const stored = await readStored(context.exports, path);
      const wrong = stored.etag === '' ? 'is not there' : judge(stored, visible);
      return { subject: path, is_bad: wrong !== undefined, note: wrong ?? null };
    }),
  );
}

/** Overwrites a stored object and gives back the undoing. */
export async function overwrite(
  objects: ObjectStore,
  path: string,
  change: (text: string) => string,
): Promise<() => Promise<void>> {
  const stored = await objects.get(path);
  if (stored === undefined) return async () => undefined;
  const options = { contentType: stored.contentType };
  await objects.put(path, change(new TextDecoder().decode(stored.bytes)), options);
  return async () => {
    await objects.put(path, stored.bytes, options);
  };
}
