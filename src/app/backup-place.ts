import { TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { PLAIN, type Seal, sealedWith } from '#platform/backup/seal.ts';
import type { Clock } from '#platform/clock.ts';
import type { ObjectStore } from '#platform/objects/port.ts';
import type { BackupConfig, Config } from './config.ts';

/** Tag of the draft release that keeps the home. */
const BACKUP_TAG = 'tipoff-home';

/**
 * The store of a place: `github` for a draft release of this repository, `gs://bucket/folder`, otherwise a folder. Throws
 * TIPOFF_BAD_INPUT when no place is declared or something that it needs is missing.
 */
export async function openBackupStore(
  config: Config,
  place: string | undefined,
  clock: Clock,
): Promise<ObjectStore> {
  const where = place ?? config.backup.place;
  if (where === undefined) {
    throw new TipoffError('TIPOFF_BAD_INPUT', 'expected a place for back-ups, saw none', {
      hint: 'Set TIPOFF_BACKUP, or name a folder, gs://bucket/folder or github with --store.',
    });
  }
  if (where === 'github') return openRelease(config.backup.github, clock);
  const bucket = /^gs:\/\/([^/]+)(?:\/(.+?))?\/?$/.exec(where);
  if (bucket?.[1] !== undefined) {
    const { openBucket } = await import('./stores/gcp.ts');
    const gcp = config.profile === 'gcp' ? config.gcp : undefined;
    return openBucket({
      projectId: gcp?.project ?? '',
      bucket: bucket[1],
      clock,
      ...omitUndefined({ folder: bucket[2], endpoint: gcp?.emulators.storage }),
    });
  }
  const { directoryObjects } = await import('#platform/objects/directory.ts');
  return directoryObjects(where);
}

async function openRelease(
  { repository, token, apiUrl }: BackupConfig['github'],
  clock: Clock,
): Promise<ObjectStore> {
  if (repository === undefined || token === undefined) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `expected ${repository === undefined ? 'GITHUB_REPOSITORY' : 'GITHUB_TOKEN'} with TIPOFF_BACKUP=github, saw no value`,
      { hint: 'A workflow passes github.token as GITHUB_TOKEN; at a terminal `gh auth token` gives one.' },
    );
  }
  const { openGitHubRelease } = await import('#platform/objects/github-release.ts');
  return openGitHubRelease({ repository, token, tag: BACKUP_TAG, clock, ...omitUndefined({ apiUrl }) });
}

/** How back-ups are sealed: with the configured key, or without encryption if the configuration says so. */
export function backupSeal({ key }: BackupConfig, plain: boolean): Seal {
  if (plain) return PLAIN;
  if (key !== undefined) return sealedWith(key);
  throw new TipoffError('TIPOFF_BAD_INPUT', 'expected TIPOFF_BACKUP_KEY, saw no value', {
    hint: 'Make one with `openssl rand -base64 32` and keep a copy, or say --plain: whoever reads the store then reads the home.',
  });
}
