import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Stream } from 'node:stream';
import { type File, Storage } from '@google-cloud/storage';
import { messageOf, TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { type Clock, systemClock } from '#platform/clock.ts';
import {
  applicationCredentials,
  isAboutCredentials,
  isNetworkFailure,
  remedyFor,
} from '#platform/google-cloud.ts';
import { backoff, jitterOf, type RetryPolicy, retry } from '#platform/retry.ts';
import { checkPath, checkPrefix } from './directory.ts';
import type { ObjectStore, PutOptions, StoredObject } from './port.ts';

/** The HTTP status of an error of the client; undefined when there was no answer, or for any other error. */
function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}

/** True when the same request may succeed later: no answer, too many requests, or a server error. */
function isRetriable(error: unknown): boolean {
  if (error instanceof TipoffError) return error.transient;
  const status = statusOf(error);
  // Errors of the checks carry a word as code; those of the network carry one of node, such as ECONNRESET.
  if (isAboutCredentials(messageOf(error))) return false;
  if (status === undefined) return !isDamaged(error) && isNetworkFailure(error);
  return status === 408 || status === 429 || status >= 500;
}

/** True when there is no such object; false when the bucket itself does not exist, which is an error. */
function isMissingObject(error: unknown): boolean {
  return statusOf(error) === 404 && !/bucket/i.test(messageOf(error));
}

/** The error for a request that Cloud Storage refused or did not answer. */
function storageError(error: unknown, path: string): TipoffError {
  if (error instanceof TipoffError) return error;
  const status = statusOf(error);
  const more = { details: { path, ...omitUndefined({ status }) }, cause: error };
  if (isDamaged(error)) {
    return new TipoffError(
      'TIPOFF_INTEGRITY',
      `the bytes of ${path} differ from their checksum: ${messageOf(error)}`,
      {
        hint: 'Read the object again; if it fails again, write it again.',
        ...more,
      },
    );
  }
  if (isRetriable(error)) {
    return new TipoffError(
      'TIPOFF_PROVIDER_DOWN',
      `Cloud Storage did not answer for ${path}: ${messageOf(error)}`,
      {
        hint: 'Try again later.',
        ...more,
      },
    );
  }
  return new TipoffError('TIPOFF_PROVIDER', `Cloud Storage refused ${path}: ${messageOf(error)}`, {
    hint:
      remedyFor('Cloud Storage', messageOf(error)) ??
      'Check that the bucket exists and that the service account may use it (roles/storage.objectUser).',
    ...more,
  });
}

function isDamaged(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    /MISMATCH|NOT_AVAILABLE|NO_UPLOAD/.test(error.code)
  );
}

const UNKNOWN_TYPE = 'application/octet-stream';

const MAX_LISTENERS = 20;

/**
 * The bytes of an object with the generation and content type that belong to them: all three come from one answer, so a
 * write in between cannot mix them. Undefined when there is none. The client compares the bytes with their checksum.
 */
async function readObject(file: File): Promise<Omit<StoredObject, 'path'> | undefined> {
  let headers: IncomingHttpHeaders = {};
  const stream = file.createReadStream({ validation: 'crc32c' });
  stream.on('response', (response: { headers: IncomingHttpHeaders; body?: unknown }) => {
    headers = response.headers;
    // The client hangs eleven listeners to the body of a large object, and Node would warn of a leak, which it is not.
    if (response.body instanceof Stream) response.body.setMaxListeners(MAX_LISTENERS);
  });
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stream) chunks.push(Buffer.from(chunk as Uint8Array));
  } catch (error) {
    if (isMissingObject(error)) return undefined;
    throw error;
  }
  return {
    bytes: Buffer.concat(chunks),
    etag: String(headers['x-goog-generation'] ?? ''),
    contentType: headers['content-type'] ?? UNKNOWN_TYPE,
  };
}

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
const MAX_PAUSE_MS = 8000;
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
    ...omitUndefined({ apiEndpoint: endpoint }),
  });
  const credentials = applicationCredentials(endpoint === undefined, 'Cloud Storage');
  const bucket = storage.bucket(options.bucket);
  const root = folder === '' ? '' : `${folder}/`;
  const fileOf = (path: string): File => {
    checkPath(path);
    return bucket.file(`${root}${path}`);
  };
  const policy: RetryPolicy = {
    attempts: retries + 1,
    isTransient: isRetriable,
    pause: backoff({ first: FIRST_PAUSE_MS, max: MAX_PAUSE_MS, jitter: jitterOf(randomUUID()) }),
  };
  const repeating = async <R>(path: string, call: () => Promise<R>): Promise<R> => {
    try {
      await credentials.demand();
      return await retry(clock, policy, call);
    } catch (error) {
      throw storageError(error, path);
    }
  };

  return {
    put: async (path, content, putOptions) => {
      const file = fileOf(path);
      const stamp = randomUUID();
      const generation = await repeating(path, () =>
        write(file, path, Buffer.from(content), putOptions, stamp),
      );
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
      const [files] = await repeating(prefix, () =>
        bucket.getFiles({ prefix: `${root}${prefix}`, fields: 'items(name),nextPageToken' }),
      );
      return files
        .map(({ name }) => name.slice(root.length))
        .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
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
      return options.publicUrl === undefined
        ? `gs://${options.bucket}/${name}`
        : `${options.publicUrl.replace(/\/$/, '')}/${path}`;
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
      metadata: {
        contentType,
        metadata: { [STAMP]: stamp },
        ...omitUndefined({ cacheControl }),
      },
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
    hint: 'Somebody else has written it: read the object again, then decide.',
    details: { path, expected, seen },
  });
}
