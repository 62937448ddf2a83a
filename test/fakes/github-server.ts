import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { FakeReleases } from './github-releases.ts';

export const FAKE_REPOSITORY = 'someone/tipoff';
export const FAKE_GITHUB_TOKEN = 'ghs_fake';
const BOT = 'github-actions[bot]';
const LONG_AGO = '2020-01-01T00:00:00Z';

interface FakeComment {
  readonly id: number;
  body: string;
  readonly user: { readonly login: string };
  edits: number;
}

interface FakeCheck {
  readonly id: number;
  readonly head_sha: string;
  name: string;
  external_id: string;
  conclusion: string;
  output: { title: string; summary: string; annotations: unknown[] };
}

interface FakeWorkflow {
  readonly id: number;
  readonly path: string;
  state: string;
  /** When GitHub first saw it: long ago unless something else is said. */
  readonly created_at?: string;
  /** When it last ran on schedule, and how that ended: success unless something else is said. */
  last?: string;
  conclusion?: string;
}

/** What happens to a call instead of being served. */
interface GitHubTrouble {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly message?: string;
}

/** GitHub over HTTP as far as the actions go: refuses what GitHub refuses, misbehaves when told to. */
export interface FakeGitHub {
  readonly url: string;
  readonly calls: { readonly method: string; readonly path: string }[];
  readonly comments: FakeComment[];
  readonly checks: FakeCheck[];
  readonly workflows: FakeWorkflow[];
  readonly releases: FakeReleases;
  /** Runs that were asked for: the file of the workflow and its inputs. */
  readonly dispatches: { readonly workflow: string; readonly inputs: Readonly<Record<string, string>> }[];
  /** Branches: the name of their tree. */
  readonly branches: Map<string, string>;
  readonly pulls: {
    readonly number: number;
    readonly head: string;
    readonly title: string;
    readonly sha?: string;
    readonly owner?: string;
  }[];
  readonly troubles: GitHubTrouble[];
  /** The token of a fork: every write is refused. */
  readOnly: boolean;
  isDown: boolean;
  /** Calls that write. */
  writes(): string[];
  close(): Promise<void>;
}

const annotation = z.strictObject({
  path: z.string(),
  start_line: z.int().min(1),
  end_line: z.int().min(1),
  annotation_level: z.enum(['notice', 'warning', 'failure']),
  title: z.string().max(255),
  message: z.string().max(65_535),
});
const output = z.strictObject({
  title: z.string().min(1),
  summary: z.string().max(65_535),
  annotations: z.array(annotation).max(50).default([]),
});
const checkBody = z.object({
  name: z.string().optional(),
  external_id: z.string().optional(),
  head_sha: z.string().optional(),
  conclusion: z.enum(['success', 'neutral', 'skipped', 'failure']).optional(),
  output,
});
const commentBody = z.strictObject({ body: z.string().min(1).max(65_535) });
const dispatchBody = z.object({ ref: z.string(), inputs: z.record(z.string(), z.string()).default({}) });
const treeBody = z.object({
  base_tree: z.string(),
  tree: z.array(z.object({ path: z.string(), content: z.string().optional(), sha: z.null().optional() })),
});

export async function fakeGitHub(): Promise<FakeGitHub> {
  let next = 1;
  const trees = new Map<string, Record<string, string>>();
  const commits = new Map<string, string>();
  const fake: FakeGitHub = {
    url: '',
    calls: [],
    comments: [],
    checks: [],
    workflows: [],
    releases: new FakeReleases(),
    dispatches: [],
    branches: new Map(),
    pulls: [],
    troubles: [],
    readOnly: false,
    isDown: false,
    writes: () =>
      fake.calls.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  trees.set('empty', {});
  fake.branches.set('main', 'empty');

  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://x').pathname).replace(
      `/repos/${FAKE_REPOSITORY}`,
      '',
    );
    const query = new URL(request.url ?? '/', 'http://x').searchParams;
    const method = request.method ?? 'GET';
    const bytes = await read(request);
    fake.calls.push({ method, path });
    const trouble = fake.isDown ? { status: 503 } : fake.troubles.shift();
    const say = (status: number, answer: unknown, headers: Readonly<Record<string, string>> = {}): void => {
      const type = Buffer.isBuffer(answer) ? 'application/octet-stream' : 'application/json';
      response.writeHead(status, { 'content-type': type, ...headers });
      response.end(status === 204 ? undefined : Buffer.isBuffer(answer) ? answer : JSON.stringify(answer));
    };
    if (trouble !== undefined)
      return say(trouble.status, { message: trouble.message ?? 'trouble' }, trouble.headers);
    if (
      !/^(?:Bearer|token) /.test(request.headers.authorization ?? '') ||
      request.headers.authorization?.split(' ')[1] !== FAKE_GITHUB_TOKEN
    )
      return say(401, { message: 'Bad credentials' });
    if (fake.readOnly && method !== 'GET')
      return say(403, { message: 'Resource not accessible by integration' });
    const { accept = '', 'content-type': contentType = '' } = request.headers;
    const base = `${fake.url}/repos/${FAKE_REPOSITORY}`;
    const released = fake.releases.serve(
      { method, path, query, contentType, accept, body: bytes, mayWrite: !fake.readOnly },
      base,
    );
    if (released !== undefined) return say(...released);
    try {
      const body: unknown = bytes.length === 0 ? undefined : JSON.parse(bytes.toString());
      const [status, answer] = serve(method, path, query, body);
      say(status, answer, nextPage(request.url ?? '/', query, answer));
    } catch (error) {
      say(422, { message: error instanceof z.ZodError ? z.prettifyError(error) : String(error) });
    }
  });

  function serve(method: string, path: string, query: URLSearchParams, body: unknown): [number, unknown] {
    const page = <T>(list: readonly T[]): T[] => {
      const size = Number(query.get('per_page') ?? 30);
      return list.slice((Number(query.get('page') ?? 1) - 1) * size).slice(0, size);
    };
    const at = (pattern: RegExp): string | undefined => pattern.exec(path)?.[1];
    if (/^\/issues\/\d+\/comments$/.test(path)) {
      if (method === 'GET') return [200, page(fake.comments)];
      const made = { id: next++, ...commentBody.parse(body), user: { login: BOT }, edits: 0 };
      fake.comments.push(made);
      return [201, made];
    }
    const comment = fake.comments.find(({ id }) => String(id) === at(/^\/issues\/comments\/(\d+)$/));
    if (comment !== undefined && method === 'PATCH')
      return [200, Object.assign(comment, commentBody.parse(body), { edits: comment.edits + 1 })];
    if (comment !== undefined && method === 'DELETE') {
      fake.comments.splice(fake.comments.indexOf(comment), 1);
      return [204, undefined];
    }
    const sha = at(/^\/commits\/(\w+)\/check-runs$/);
    if (sha !== undefined) {
      const found = fake.checks.filter(
        (check) => check.head_sha === sha && [null, check.name].includes(query.get('check_name')),
      );
      return [200, { total_count: found.length, check_runs: page(found) }];
    }
    if (path === '/check-runs' && method === 'POST') {
      const {
        head_sha = '',
        name = '',
        external_id = '',
        conclusion = '',
        output: shown,
      } = checkBody.parse(body);
      const made: FakeCheck = { id: next++, head_sha, name, external_id, conclusion, output: shown };
      fake.checks.push(made);
      return [201, made];
    }
    const check = fake.checks.find(({ id }) => String(id) === at(/^\/check-runs\/(\d+)$/));
    if (check !== undefined && method === 'PATCH') {
      const { output: shown, ...rest } = checkBody.parse(body);
      // GitHub adds annotations to those that are there.
      const annotations = [...check.output.annotations, ...shown.annotations];
      return [200, Object.assign(check, rest, { output: { ...shown, annotations } })];
    }
    const started = at(/^\/actions\/workflows\/([\w-]+\.yml)\/dispatches$/);
    if (started !== undefined) {
      fake.dispatches.push({ workflow: started, inputs: dispatchBody.parse(body).inputs });
      return [204, undefined];
    }
    if (path === '/actions/workflows')
      return [
        200,
        {
          total_count: fake.workflows.length,
          workflows: page(fake.workflows).map((one) => ({ created_at: LONG_AGO, ...one })),
        },
      ];
    const workflow = fake.workflows.find(({ id }) => String(id) === at(/^\/actions\/workflows\/(\d+)\//));
    if (workflow !== undefined && path.endsWith('/enable')) {
      workflow.state = 'active';
      return [204, undefined];
    }
    if (workflow !== undefined) {
      const { last, conclusion = 'success' } = workflow;
      const isAsked =
        last !== undefined && ['completed', conclusion].includes(query.get('status') ?? 'completed');
      const runs = isAsked ? [{ created_at: last, status: 'completed', conclusion }] : [];
      return [200, { total_count: runs.length, workflow_runs: runs }];
    }
    return git(method, path, query, body);
  }

  function git(method: string, path: string, query: URLSearchParams, body: unknown): [number, unknown] {
    const branch = /^\/git\/refs?\/heads\/(.+)$/.exec(path)?.[1];
    if (branch !== undefined && method === 'GET') {
      const tree = fake.branches.get(branch);
      return tree === undefined
        ? [404, { message: 'Not Found' }]
        : [200, { object: { sha: commitOf(tree) } }];
    }
    const listed = /^\/git\/trees\/(\w+)$/.exec(path)?.[1];
    if (listed !== undefined) {
      const names = Object.keys(trees.get(listed) ?? {});
      return [200, { sha: listed, tree: names.map((name) => ({ path: name, type: 'blob' })) }];
    }
    const commit = /^\/git\/commits\/(\w+)$/.exec(path)?.[1];
    if (commit !== undefined) return [200, { tree: { sha: commits.get(commit) } }];
    if (path === '/git/trees') {
      const { base_tree, tree } = treeBody.parse(body);
      const gone = tree.flatMap(({ path: name, content }) => (content === undefined ? [name] : []));
      const made = tree.flatMap(({ path: name, content }) =>
        content === undefined ? [] : [[name, content]],
      );
      const all: [string, string][] = Object.entries({
        ...trees.get(base_tree),
        ...Object.fromEntries(made),
      });
      const files = Object.fromEntries(all.filter(([name]) => !gone.includes(name)));
      const sha =
        [...trees].find(([, known]) => JSON.stringify(known) === JSON.stringify(files))?.[0] ??
        hash(JSON.stringify(files));
      trees.set(sha, files);
      return [201, { sha }];
    }
    if (path === '/git/commits')
      return [201, { sha: commitOf(z.object({ tree: z.string() }).parse(body).tree) }];
    if (path === '/git/refs') {
      const { ref, sha } = z.object({ ref: z.string(), sha: z.string() }).parse(body);
      fake.branches.set(ref.replace('refs/heads/', ''), commits.get(sha) ?? '');
      return [201, {}];
    }
    if (branch !== undefined && method === 'PATCH') {
      fake.branches.set(branch, commits.get(z.object({ sha: z.string() }).parse(body).sha) ?? '');
      return [200, {}];
    }
    const show = (pull: FakeGitHub['pulls'][number]) => ({
      ...pull,
      head: { sha: pull.sha ?? '' },
      html_url: `https://github.example/pull/${pull.number}`,
    });
    if (path === '/pulls' && method === 'GET') {
      return [
        200,
        fake.pulls
          .filter(({ head, owner = 'someone' }) => `${owner}:${head}` === query.get('head'))
          .map(show),
      ];
    }
    if (path === '/pulls') {
      const { title, head } = z
        .object({ title: z.string(), head: z.string(), base: z.string(), body: z.string() })
        .parse(body);
      const made = { number: next++, title, head };
      fake.pulls.push(made);
      return [201, show(made)];
    }
    return [404, { message: 'Not Found' }];
  }

  function commitOf(tree: string): string {
    const sha = hash(`commit ${tree}`);
    commits.set(sha, tree);
    return sha;
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(fake, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

/** The link to the next page that GitHub gives with a full one. */
function nextPage(path: string, query: URLSearchParams, answer: unknown): Record<string, string> {
  const size = Number(query.get('per_page') ?? 30);
  const lists = Array.isArray(answer) ? [answer] : Object.values(Object(answer));
  if (!lists.some((list) => Array.isArray(list) && list.length === size)) return {};
  const next = new URL(path, 'http://x');
  next.searchParams.set('page', String(Number(query.get('page') ?? 1) + 1));
  return { link: `<${next.pathname}${next.search}>; rel="next"` };
}

const hash = (text: string): string => createHash('sha1').update(text).digest('hex');

async function read(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
