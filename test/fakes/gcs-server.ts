import { createHash } from 'node:crypto';
import { CRC32C } from '@google-cloud/storage';
import { type Arrived, type Loopback, loopback, type Reply, uploadParts } from './loopback.ts';

interface Kept {
  readonly name: string;
  readonly bytes: Buffer;
  readonly generation: number;
  readonly contentType: string;
  readonly cacheControl: string | undefined;
  readonly metadata: Record<string, string>;
}

/** The part of Cloud Storage's JSON interface that the object store uses, for the buckets named. */
export interface FakeGcs extends Loopback {
  /** What is stored, by `bucket/name`. */
  readonly objects: ReadonlyMap<string, Kept>;
}

const PAGE_NAMES = 3;

export async function fakeGcs(buckets: readonly string[] = ['tipoff-test']): Promise<FakeGcs> {
  const objects = new Map<string, Kept>();
  let generation = 1_736_500_000_000_000;

  const upload = (request: Arrived, bucket: string): Reply => {
    const { metadata, content, contentType } = uploadParts(request);
    const {
      name: ownName,
      contentType: ownType,
      cacheControl,
      metadata: custom = {},
    } = metadata as Partial<Kept>;
    const name = request.query.get('name') ?? ownName ?? '';
    const id = `${bucket}/${name}`;
    const expected = request.query.get('ifGenerationMatch');
    const seen = objects.get(id)?.generation ?? 0;
    if (expected !== null && Number(expected) !== seen)
      return refused(
        412,
        'conditionNotMet',
        `At least one of the pre-conditions you specified did not hold.`,
      );
    generation += 1;
    const kept: Kept = {
      name,
      bytes: content,
      generation,
      contentType: ownType ?? contentType,
      cacheControl,
      metadata: custom,
    };
    objects.set(id, kept);
    return { status: 200, body: resource(kept, bucket) };
  };
  const list = (bucket: string, query: URLSearchParams): Reply => {
    const names = [...objects.values()]
      .filter(
        (kept) =>
          objects.get(`${bucket}/${kept.name}`) === kept && kept.name.startsWith(query.get('prefix') ?? ''),
      )
      .sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
    const from = Number(query.get('pageToken') ?? 0);
    const more = from + PAGE_NAMES < names.length ? { nextPageToken: String(from + PAGE_NAMES) } : {};
    return {
      status: 200,
      body: {
        kind: 'storage#objects',
        items: names.slice(from, from + PAGE_NAMES).map((kept) => resource(kept, bucket)),
        ...more,
      },
    };
  };

  const server = await loopback((request) => {
    const { path, method, query } = request;
    const [, bucket = '', name] = /\/storage\/v1\/b\/([^/]+)\/o(?:\/(.*))?$/s.exec(path) ?? [];
    if (!buckets.includes(bucket)) return refused(404, 'notFound', 'The specified bucket does not exist.');
    if (path.startsWith('/upload/')) return upload(request, bucket);
    if (name === undefined) return list(bucket, query);
    const kept = objects.get(`${bucket}/${name}`);
    if (kept === undefined) return missing(`${bucket}/${name}`, query);
    if (method === 'DELETE') {
      objects.delete(`${bucket}/${name}`);
      return { status: 204 };
    }
    return query.get('alt') === 'media' ? media(kept) : { status: 200, body: resource(kept, bucket) };
  });
  return { ...server, objects };
}

function missing(id: string, query: URLSearchParams): Reply {
  // Downloads are refused in plain text.
  if (query.get('alt') === 'media')
    return {
      status: 404,
      headers: { 'content-type': 'text/html; charset=UTF-8' },
      body: `No such object: ${id}`,
    };
  return refused(404, 'notFound', `No such object: ${id}`);
}

function media(kept: Kept): Reply {
  return {
    status: 200,
    headers: {
      'content-type': kept.contentType,
      'x-goog-generation': String(kept.generation),
      'x-goog-stored-content-encoding': 'identity',
      'x-goog-hash': `crc32c=${checksum(kept.bytes)}`,
      ...(kept.cacheControl === undefined ? {} : { 'cache-control': kept.cacheControl }),
    },
    body: kept.bytes,
  };
}

function resource(kept: Kept, bucket: string): object {
  const { name, contentType, cacheControl, metadata, bytes } = kept;
  return {
    ...{ kind: 'storage#object', bucket, name, contentType, cacheControl, metadata },
    ...{ generation: String(kept.generation), size: String(bytes.length), crc32c: checksum(bytes) },
    md5Hash: createHash('md5').update(bytes).digest('base64'),
  };
}

function checksum(bytes: Buffer): string {
  const crc32c = new CRC32C();
  crc32c.update(bytes);
  return crc32c.toString();
}

function refused(status: number, reason: string, message: string): Reply {
  return {
    status,
    body: { error: { code: status, message, errors: [{ reason, message, domain: 'global' }] } },
  };
}
