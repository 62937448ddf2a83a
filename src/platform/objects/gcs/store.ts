import { randomUUID } from 'node:crypto';
import { type File, Storage } from '@google-cloud/storage';
import { TipoffError } from '#core/errors.ts';
import { type Clock, systemClock } from '#platform/clock.ts';
import { checkPath, checkPrefix } from '#platform/objects/directory/paths.ts';
import type { ObjectStore, PutOptions } from '#platform/objects/port.ts';
import { isMissingObject, isRetriable, statusOf, storageError } from './errors.ts';
import { readObject } from './read.ts';

export interface GcsOptions {
  readonly projectId: string;
  readonly bucket: string;
  /** Folder of the bucket in which all objects lie, for example `exports`; the top unless given. */
  readonly folder?: string;
  /** Address under which the folder is served to people; `gs://` unless given. */
  readonly publicUrl?: string;
  /** Tries after the first; 4 unless given. */
  readonly retries?: number;
  /** Waits between tries; the wall clock unless told otherwise. */
  readonly clock?: Clock;
  /** Base address of a fake, spoken to without credentials. */
  readonly endpoint?: string;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 8000;
const PRECONDITION_FAILED = 412;
/** Names the write in the object's own metadata, so that a write whose answer was lost is known again. */
const STAMP = 'tipoff-write';

/** Objects in a bucket of Cloud Storage. The etag is the generation of the object. Opening makes no call. */
export function openGcs(options: GcsOptions): ObjectStore {
  const { projectId, folder = '', retries = 4, clock = systemClock, endpoint } = options;
  const storage = new Storage({
    projectId,
    // The adapter repeats requests itself: it knows a write of its own again.
    retryOptions: { autoRetry: false },
    ...(endpoint === undefined ? {} : { apiEndpoint: endpoint }),
  });
  const bucket = storage.bucket(options.bucket);
  const root = folder === '' ? '' : `${folder}/`;
  const fileOf = (path: string): File => {
    checkPath(path);
    return bucket.file(`${root}${path}`);
  };
  const repeating = async <R>(path: string, call: () => Promise<R>): Promise<R> => {
    for (let run = 0; ; run++) {
      try {
        return await call();
      } catch (error) {
        if (run >= retries || !isRetriable(error)) throw storageError(error, path);
        const pause = Math.min(FIRST_PAUSE_MS * 2 ** run, LONGEST_PAUSE_MS);
        await clock.sleep(pause / 2 + (Math.random() * pause) / 2);
      }
    }
  };

  return {
    put: async (path, content, putOptions) => {
      const file = fileOf(path);
      const stamp = randomUUID();
      const generation = await repeating(path, () => write(file, path, Buffer.from(content), putOptions, stamp));
      return { etag: generation };
    },
    get: async (path) => {
      const file = fileOf(path);
      return repeating(path, async () => {
        const found = await readObject(file);
        return found === undefined ? undefined : { path, ...found };
      });
    },
    list: async (prefix) => {
      checkPrefix(prefix);
      const [files] = await repeating(prefix, () => bucket.getFiles({ prefix: `${root}${prefix}`, fields: 'items(name),nextPageToken' }));
      return files.map(({ name }) => name.slice(root.length)).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    },
    delete: async (path) => {
      const file = fileOf(path);
      let mayBeDone = false;
      return repeating(path, async () => {
        try {
          await file.delete();
          return true;
        } catch (error) {
          // The first request may have been carried out with its answer lost.
          if (isMissingObject(error)) return mayBeDone;
          mayBeDone ||= isRetriable(error);
          throw error;
        }
      });
    },
    locate: (path) => {
      const { name } = fileOf(path);
      return options.publicUrl === undefined ? `gs://${options.bucket}/${name}` : `${options.publicUrl.replace(/\/$/, '')}/${path}`;
    },
  };
}

/** Writes an object in one request and returns its generation. */
async function write(
  file: File,
  path: string,
  bytes: Buffer,
  { contentType, cacheControl, ifMatch }: PutOptions,
  stamp: string,
): Promise<string> {
  const ifGenerationMatch = ifMatch === undefined ? undefined : generationOf(path, ifMatch);
  try {
    await file.save(bytes, {
      resumable: false,
      validation: 'crc32c',
      metadata: { contentType, metadata: { [STAMP]: stamp }, ...(cacheControl === undefined ? {} : { cacheControl }) },
      ...(ifGenerationMatch === undefined ? {} : { preconditionOpts: { ifGenerationMatch } }),
    });
    return String(file.metadata.generation);
  } catch (error) {
    if (statusOf(error) !== PRECONDITION_FAILED) throw error;
    const seen = await current(file);
    if (seen?.stamp === stamp) return seen.generation;
    throw conflict(path, ifMatch ?? '', seen?.generation ?? '');
  }
}

async function current(file: File): Promise<{ generation: string; stamp: unknown } | undefined> {
  try {
    const [{ generation, metadata }] = await file.getMetadata();
    return { generation: String(generation), stamp: metadata?.[STAMP] };
  } catch (error) {
    if (isMissingObject(error)) return undefined;
    throw error;
  }
}

/** The generation an etag names; 0 means that there is none. What is no generation can match no object. */
function generationOf(path: string, etag: string): string {
  if (etag === '') return '0';
  if (/^[1-9]\d*$/.test(etag)) return etag;
  throw conflict(path, etag, 'an object store whose etags are numbers');
}

function conflict(path: string, expected: string, seen: string): TipoffError {
  const say = (etag: string): string => (etag === '' ? 'no object' : etag);
  return new TipoffError('TIPOFF_CONFLICT', `expected ${say(expected)} at ${path}, saw ${say(seen)}`, {
    hint: 'Read the object again and decide anew; somebody else has written it.',
    details: { path, expected, seen },
  });
}
