import { randomUUID } from 'node:crypto';
import { Octokit } from '@octokit/core';
import { messageOf, TipoffError } from '#core/errors.ts';
import { type Clock, systemClock } from '#platform/clock.ts';
import { backoff, jitterOf, type RetryPolicy, retry } from '#platform/retry.ts';
import { checkPath, checkPrefix } from './directory.ts';
import type { ObjectStore, PutOptions, StoredObject } from './port.ts';

export interface GitHubReleaseOptions {
  /** `owner/name`. */
  readonly repository: string;
  /** Tag of the release. It stays a draft: visible only to people who can write to the repository, and exempt from rules about published releases. */
  readonly tag: string;
  /** A token that may write contents. */
  readonly token: string;
  /** Address of the API. */
  readonly apiUrl?: string;
  readonly clock?: Clock;
  /** Retries of one request. */
  readonly retries?: number;
}

/** The parts of GitHub's description of a release and its assets that are used. */
interface Release {
  readonly id: number;
  readonly tag_name: string;
  readonly upload_url: string;
}
interface Asset {
  readonly id: number;
  readonly name: string;
  readonly state: string;
  readonly size: number;
  readonly content_type: string;
}

/** One stored version of an object. */
interface Version {
  readonly path: string;
  readonly version: number;
  readonly asset: Asset;
}

const PAGE = 100;
/** How often an unconditional write takes the next number when another writer has taken its own. */
const MAX_RACES = 50;
/** Longest wait for GitHub: a workflow step must not wait for the hourly rate limit to reset. */
const MAX_PAUSE_MS = 120_000;
/** Maximum length of a name, a little below GitHub's own. */
const MAX_NAME = 240;

/**
 * Objects as assets of a draft release. GitHub can neither replace an asset nor write conditionally, but it refuses a second asset
 * of the same name: each write is a new asset with the next number in its name, older ones are removed afterwards, and a reader
 * takes the highest number. A write is therefore atomic, and of several writers with one etag exactly one gets the number. An
 * interrupted upload is not an object. Errors: TIPOFF_PROVIDER for a refusal, TIPOFF_PROVIDER_DOWN when GitHub does not answer.
 */
export function openGitHubRelease(options: GitHubReleaseOptions): ObjectStore {
  const { repository, tag, token, clock = systemClock } = options;
  const [owner = '', repo = ''] = repository.split('/');
  if (owner === '' || repo === '') {
    throw new TipoffError('TIPOFF_BAD_INPUT', `expected a repository as owner/name, saw "${repository}"`, {
      hint: 'GitHub sets GITHUB_REPOSITORY; elsewhere set it yourself.',
    });
  }
  const octokit = new Octokit({
    auth: token,
    userAgent: 'tipoff',
    ...(options.apiUrl === undefined ? {} : { baseUrl: options.apiUrl.replace(/\/+$/, '') }),
  });
  const patience: RetryPolicy = {
    attempts: 1 + (options.retries ?? 4),
    isTransient: isWorthARetry,
    pause: (failed, error) => {
      const asked = askedPause(error, clock);
      return asked !== undefined && asked > MAX_PAUSE_MS ? undefined : (asked ?? pauses(failed));
    },
  };
  const pauses = backoff({ first: 1000, max: 30_000, jitter: jitterOf(randomUUID()) });
  const call = async <T>(what: string, request: () => Promise<T>): Promise<T> => {
    try {
      return await retry(clock, patience, request);
    } catch (error) {
      throw refused(what, error);
    }
  };

  const findRelease = async (): Promise<Release | undefined> => {
    for (let page = 1; ; page++) {
      const { data } = await call('the list of releases', () =>
        octokit.request('GET /repos/{owner}/{repo}/releases', { owner, repo, per_page: PAGE, page }),
      );
      // Two that began at the same moment may both have made a draft: the older one counts.
      const drafts = data.filter((release) => release.tag_name === tag).sort((a, b) => a.id - b.id);
      if (drafts[0] !== undefined) return drafts[0];
      if (data.length < PAGE) return undefined;
    }
  };
  let known: Release | undefined;
  const release = async (): Promise<Release | undefined> => {
    known ??= await findRelease();
    return known;
  };
  const ensureRelease = async (): Promise<Release> => {
    const found = await release();
    if (found !== undefined) return found;
    const { data } = await call('a new release', () =>
      octokit.request('POST /repos/{owner}/{repo}/releases', {
        owner,
        repo,
        tag_name: tag,
        name: 'Tipoff: saved home',
        body: 'Made by `tipoff backup create`, read by `tipoff restore`. Leave it a draft, and leave its files alone.',
        draft: true,
      }),
    );
    known = (await findRelease()) ?? data;
    return known;
  };
  /** Every asset of the release that is an object or may become one, uploads that broke off included. */
  const assets = async (): Promise<Version[]> => {
    const found = await release();
    if (found === undefined) return [];
    const all: Version[] = [];
    for (let page = 1; ; page++) {
      const { data } = await call('the list of assets', () =>
        octokit.request('GET /repos/{owner}/{repo}/releases/{release_id}/assets', {
          owner,
          repo,
          release_id: found.id,
          per_page: PAGE,
          page,
        }),
      );
      for (const asset of data) {
        const name = readName(asset.name);
        if (name !== undefined) all.push({ ...name, asset });
      }
      if (data.length < PAGE) return all.sort((a, b) => a.version - b.version);
    }
  };
  const versionsOf = async (path: string): Promise<{ whole: Version[]; broken: Version[] }> => {
    const versions = (await assets()).filter((one) => one.path === path);
    return { whole: versions.filter(isWhole), broken: versions.filter((one) => !isWhole(one)) };
  };
  const remove = async ({ asset }: Version): Promise<boolean> =>
    call('the removal of an asset', async () => {
      try {
        await octokit.request('DELETE /repos/{owner}/{repo}/releases/assets/{asset_id}', {
          owner,
          repo,
          asset_id: asset.id,
        });
        return true;
      } catch (error) {
        if (statusOf(error) === 404) return false;
        throw error;
      }
    });

  /** Uploads under a name; undefined when the name is taken. */
  const upload = async (
    path: string,
    version: number,
    bytes: Uint8Array,
    type: string,
  ): Promise<Asset | undefined> => {
    const { upload_url } = await ensureRelease();
    const name = assetName(path, version);
    try {
      const { data } = await retry(clock, patience, () =>
        octokit.request({
          method: 'POST',
          url: upload_url,
          name,
          data: bytes,
          headers: { 'content-type': type, 'content-length': String(bytes.length) },
        }),
      );
      return data as Asset;
    } catch (error) {
      if (statusOf(error) !== 422) throw refused(`the upload of ${path}`, error);
    }
    const { whole, broken } = await versionsOf(path);
    // After a lost answer the asset is ours if it has exactly these bytes.
    const there = whole.find((one) => one.version === version);
    if (there !== undefined) {
      const content = await download(there);
      return content !== undefined && Buffer.from(content).equals(bytes) ? there.asset : undefined;
    }
    const stuck = broken.find((one) => one.version === version);
    if (stuck !== undefined) await remove(stuck);
    return stuck === undefined ? undefined : upload(path, version, bytes, type);
  };
  /** Undefined when it was removed meanwhile. */
  const download = async ({ asset, path }: Version): Promise<Uint8Array | undefined> =>
    call(path, async () => {
      try {
        const { data } = await octokit.request('GET /repos/{owner}/{repo}/releases/assets/{asset_id}', {
          owner,
          repo,
          asset_id: asset.id,
          headers: { accept: 'application/octet-stream' },
          // The client would decode what calls itself text.
          request: { parseSuccessResponseBody: false },
        });
        return await new Response(data as unknown as ReadableStream).bytes();
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw error;
      }
    });

  const put = async (
    path: string,
    content: Uint8Array | string,
    { contentType, ifMatch }: PutOptions,
  ): Promise<{ etag: string }> => {
    checkPath(path);
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    for (let race = 1; ; race++) {
      const { whole } = await versionsOf(path);
      const current = whole.at(-1);
      const seen = current === undefined ? '' : String(current.asset.id);
      if (ifMatch !== undefined && ifMatch !== seen) throw conflict(path, ifMatch, seen);
      const asset = await upload(path, (current?.version ?? 0) + 1, bytes, contentType);
      if (asset !== undefined) {
        if (asset.size !== bytes.length) throw shortened(path, bytes.length, asset.size);
        for (const former of whole) await remove(former);
        return { etag: String(asset.id) };
      }
      if (ifMatch !== undefined || race === MAX_RACES)
        throw conflict(path, ifMatch ?? seen, 'an object written meanwhile');
    }
  };

  return {
    put,
    get: async (path): Promise<StoredObject | undefined> => {
      checkPath(path);
      for (;;) {
        const found = (await versionsOf(path)).whole.at(-1);
        if (found === undefined) return undefined;
        const bytes = await download(found);
        const { id, content_type: contentType } = found.asset;
        // A newer version has taken its place since it was listed.
        if (bytes !== undefined) return { path, bytes, etag: String(id), contentType };
      }
    },
    list: async (prefix) => {
      checkPrefix(prefix);
      const paths = new Set((await assets()).filter(isWhole).map(({ path }) => path));
      return [...paths]
        .filter((path) => path.startsWith(prefix))
        .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    },
    delete: async (path) => {
      checkPath(path);
      const { whole, broken } = await versionsOf(path);
      let removed = false;
      for (const one of [...broken, ...whole]) removed = (await remove(one)) || removed;
      return removed && whole.length > 0;
    },
    locate: (path) => {
      checkPath(path);
      return `draft release ${tag} of ${repository}: ${path}`;
    },
  };
}

const isWhole = ({ asset }: Version): boolean => asset.state === 'uploaded';

/** GitHub changes other characters than these in a name, and points at its ends. Everything else is written as `_` and two digits. */
function assetName(path: string, version: number): string {
  const safe = [...Buffer.from(path)]
    .map((byte, i) => {
      const letter = String.fromCharCode(byte);
      return /[A-Za-z0-9-]/.test(letter) || (letter === '.' && i > 0)
        ? letter
        : `_${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
  const name = `${safe}_v${version}`;
  if (name.length <= MAX_NAME) return name;
  throw new TipoffError(
    'TIPOFF_BAD_INPUT',
    `${path}: expected a path that fits into the name of an asset, saw ${name.length} characters`,
    {
      hint: `Use a path of at most ${MAX_NAME} plain characters.`,
      details: { path },
    },
  );
}

/** The path and version in the name of an asset; undefined for files that Tipoff did not upload. */
function readName(name: string): { path: string; version: number } | undefined {
  const match = /^((?:[A-Za-z0-9.-]|_[0-9A-F]{2})+)_v(\d+)$/.exec(name);
  if (match?.[1] === undefined) return undefined;
  const bytes = match[1].replace(/_([0-9A-F]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  return { path: Buffer.from(bytes, 'latin1').toString(), version: Number(match[2]) };
}

function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'status' in error ? Number(error.status) : undefined;
}

function headersOf(error: unknown): Readonly<Record<string, unknown>> {
  return (error instanceof Error && 'response' in error ? Object(error.response).headers : undefined) ?? {};
}

/** True for a rate limit. GitHub may report one as 403, but then with the time of its reset. */
function isLimited(error: unknown): boolean {
  const headers = headersOf(error);
  return (
    statusOf(error) === 429 ||
    (statusOf(error) === 403 &&
      (headers['retry-after'] !== undefined || headers['x-ratelimit-remaining'] === '0'))
  );
}

/** True when the same request may succeed: no answer (the client says 500 then), too many requests, or trouble on the other side. */
function isWorthARetry(error: unknown): boolean {
  const status = statusOf(error);
  return status === undefined || status >= 500 || isLimited(error);
}

/** The pause that GitHub asks for, in milliseconds; undefined when it asks for none. */
function askedPause(error: unknown, clock: Clock): number | undefined {
  const headers = headersOf(error);
  const after = Number(headers['retry-after'] ?? Number.NaN);
  if (Number.isFinite(after)) return after * 1000;
  const reset = Number(headers['x-ratelimit-reset'] ?? Number.NaN);
  return isLimited(error) && Number.isFinite(reset)
    ? Math.max(0, reset * 1000 - clock.now().getTime())
    : undefined;
}

function refused(what: string, error: unknown): TipoffError {
  if (error instanceof TipoffError) return error;
  const status = statusOf(error);
  const more = { details: { what, status: status ?? null }, cause: error };
  if (isWorthARetry(error)) {
    return new TipoffError('TIPOFF_PROVIDER_DOWN', `GitHub did not answer for ${what}: ${messageOf(error)}`, {
      hint: 'Try again later; what is stored stays as it is.',
      ...more,
    });
  }
  return new TipoffError('TIPOFF_PROVIDER', `GitHub refused ${what} with ${status}: ${messageOf(error)}`, {
    hint: 'The job needs `contents: write`, and GITHUB_TOKEN must be a token of this repository.',
    ...more,
  });
}

function conflict(path: string, expected: string, seen: string): TipoffError {
  const say = (etag: string): string => (etag === '' ? 'no object' : etag);
  return new TipoffError('TIPOFF_CONFLICT', `expected ${say(expected)} at ${path}, saw ${say(seen)}`, {
    hint: 'Somebody else has written it: read the object again, then decide.',
    details: { path, expected, seen },
  });
}

function shortened(path: string, expected: number, seen: number): TipoffError {
  return new TipoffError('TIPOFF_INTEGRITY', `${path}: expected ${expected} bytes on GitHub, saw ${seen}`, {
    hint: 'Try again; the object before it is still there.',
    details: { path, expected, seen },
  });
}
