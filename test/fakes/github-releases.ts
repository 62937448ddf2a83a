import { createHash } from 'node:crypto';

export interface FakeAsset {
  readonly id: number;
  readonly name: string;
  readonly content_type: string;
  readonly state: string;
  readonly bytes: Buffer;
}

interface FakeRelease {
  readonly id: number;
  readonly tag_name: string;
  readonly draft: boolean;
  readonly assets: FakeAsset[];
}

/** A request to the part of GitHub's API that keeps releases, with its path below the repository. */
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly accept: string;
  readonly body: Buffer;
  /** Whether the token may write contents. */
  readonly mayWrite: boolean;
}

type Said = readonly [status: number, answer: unknown];

/** Releases and their assets, as GitHub keeps them: a name is given once, and other characters than its own become points. */
export class FakeReleases {
  readonly all: FakeRelease[] = [];
  /** Uploads that break off half way: the asset stays behind as `starter`. */
  brokenUploads = 0;
  private next = 1;

  /** Begins with what another one has; what changes here changes nothing there. */
  adopt(other: FakeReleases): void {
    this.all.push(...other.all.map((release) => ({ ...release, assets: [...release.assets] })));
    this.next = other.next;
  }

  assets(): FakeAsset[] {
    return this.all.flatMap(({ assets }) => assets);
  }

  /** Exchanges the bytes of an asset, as a disk that fails would. */
  damage(asset: FakeAsset, bytes: Buffer): void {
    for (const { assets } of this.all) {
      const at = assets.indexOf(asset);
      if (at >= 0) assets[at] = { ...asset, bytes };
    }
  }

  /** The answer, or undefined for a path that is none of releases. A Buffer is sent as it is. */
  serve({ method, path, query, contentType, accept, body, mayWrite }: Asked, base: string): Said | undefined {
    const show = (release: FakeRelease) => ({
      ...release,
      assets: release.assets.map(shown),
      upload_url: `${base}/releases/${release.id}/assets{?name,label}`,
    });
    const page = <T>(list: readonly T[]): T[] => {
      const size = Number(query.get('per_page') ?? 30);
      return list.slice((Number(query.get('page') ?? 1) - 1) * size).slice(0, size);
    };
    // Who may not write sees no draft, and nothing of it.
    const seen = this.all.filter(({ draft }) => mayWrite || !draft);
    if (path === '/releases' && method === 'GET') return [200, page(seen.map(show))];
    if (path === '/releases' && method === 'POST') {
      const { tag_name, draft } = JSON.parse(body.toString()) as { tag_name: string; draft: boolean };
      const made: FakeRelease = { id: this.next++, tag_name, draft, assets: [] };
      this.all.unshift(made);
      return [201, show(made)];
    }
    const release = seen.find(({ id }) => path === `/releases/${id}/assets`);
    if (release !== undefined && method === 'GET') return [200, page(release.assets.map(shown))];
    if (release !== undefined && method === 'POST')
      return this.upload(release, query.get('name') ?? '', contentType, body);
    const asset = seen.flatMap(({ assets }) => assets).find(({ id }) => path === `/releases/assets/${id}`);
    if (asset === undefined)
      return path.startsWith('/releases') ? [404, { message: 'Not Found' }] : undefined;
    if (method === 'DELETE') {
      for (const { assets } of this.all) if (assets.includes(asset)) assets.splice(assets.indexOf(asset), 1);
      return [204, undefined];
    }
    return [200, accept.includes('octet-stream') ? asset.bytes : shown(asset)];
  }

  private upload(release: FakeRelease, asked: string, contentType: string, bytes: Buffer): Said {
    const name = asked.replace(/[^A-Za-z0-9._-]/g, '.').replace(/^\.+|\.+$/g, '');
    if (release.assets.some((asset) => asset.name === name))
      return [422, { message: 'Validation Failed', errors: [{ code: 'already_exists', field: 'name' }] }];
    const state = this.brokenUploads > 0 ? 'starter' : 'uploaded';
    const made: FakeAsset = { id: this.next++, name, content_type: contentType, state, bytes };
    release.assets.push(made);
    if (state === 'uploaded') return [201, shown(made)];
    this.brokenUploads -= 1;
    return [502, { message: 'Server Error' }];
  }
}

/** Digests by the bytes: every list of the assets of a release names all of them. */
const digests = new WeakMap<Buffer, string>();

function digestOf(bytes: Buffer): string {
  const digest = digests.get(bytes) ?? createHash('sha256').update(bytes).digest('hex');
  digests.set(bytes, digest);
  return digest;
}

const shown = ({ bytes, ...asset }: FakeAsset) => ({
  ...asset,
  size: bytes.length,
  digest: `sha256:${digestOf(bytes)}`,
});
