import type { Slate } from '#core/calendar.ts';
import type { StateStore } from '#platform/state/port.ts';

/** Documents of slates that are not in a back-up: they say what the tables say, and a backfill writes them again. */
export interface LeftOut {
  readonly documents: number;
  readonly from: Slate;
  readonly to: Slate;
}

/** What the home knows about its back-ups. It lies in the state, so a restored home says which generation it came from. */
export interface BackupRecord {
  /** The generation that was last made or restored. */
  readonly generation: number;
  /** The newest generation in the store at that moment; higher when newer ones could not be used. */
  readonly newest: number;
  /** When the generation was made. */
  readonly created_at: string;
  /** When it was last read back or restored. */
  readonly verified_at: string;
  /** Generations that were tried before it and could not be used. */
  readonly refused: readonly number[];
  /** Documents the home was restored without; absent for a home that was not restored. */
  readonly documents_left_out?: LeftOut | null;
}

const WHERE = ['operations', 'backup'] as const;

/** Undefined for a home that was never saved. */
export async function readBackupRecord(state: Pick<StateStore, 'get'>): Promise<BackupRecord | undefined> {
  return (await state.get<BackupRecord>(...WHERE))?.data;
}

/** Replaces the record; undefined removes it. */
export async function writeBackupRecord(state: StateStore, record: BackupRecord | undefined): Promise<void> {
  await state.transaction(async (tx) => {
    if (record === undefined) tx.delete(...WHERE);
    else tx.put(...WHERE, record);
  });
}
