import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Account, accountEmail } from '#scripts/provision/installation.ts';
import type { Provisioned } from './front/provisioned.ts';
import { type Arrived, type Loopback, loopback, type Reply } from './loopback.ts';

const ROOT = join(import.meta.dirname, '../..');
/** What a caller sends that the service is to see. */
const CARRIED = ['authorization', 'content-type', 'x-api-key', 'x-request-id'];

const PROBE: Arrived = {
  ...{ method: 'GET', path: '/health', query: new URLSearchParams(), headers: {}, body: Buffer.alloc(0) },
};

/** What was built under an address: a folder as the image has it. */
export interface Image {
  readonly folder: string;
  /** Answers in the place of a revision that serves: an image that is fit until people use it. */
  readonly answersUsers?: Reply;
}

/** Makes the folder of an image out of this checkout: sources, with some files changed, and the version that is baked in. */
export function imageFolder(
  folder: string,
  version: string,
  changed: Readonly<Record<string, (text: string) => string>> = {},
): string {
  mkdirSync(folder, { recursive: true });
  for (const path of ['src', 'checks', 'package.json', 'tsconfig.json'])
    cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'build.json'), JSON.stringify({ version }));
  for (const [path, change] of Object.entries(changed)) {
    const before = readFileSync(join(folder, path), 'utf8');
    const after = change(before);
    if (after === before) throw new Error(`expected something to change in ${path}, saw nothing`);
    writeFileSync(join(folder, path), after);
  }
  return folder;
}

/** One revision of a service; its process is started when somebody asks it, and ends when nobody can any more. */
interface Revision {
  readonly name: string;
  readonly image: Image;
  readonly args: readonly string[];
  readonly account: Account;
  readonly variables: Readonly<Record<string, string>>;
  started: Promise<{ readonly address: string; readonly child: ChildProcess }> | undefined;
}

interface LiveService {
  readonly revisions: Revision[];
  /** Name of the revision that has all traffic. */
  serves: string;
  /** Name of the revision with the tag of a candidate. */
  tagged: string | undefined;
  readonly door: Loopback;
  readonly sideDoor: Loopback;
}

export interface CloudRun {
  /** A folder with `gcloud`, for the start of PATH. */
  readonly tools: string;
  /** The address of a service. */
  url(service: string): string;
  /** What every process has written so far, by revision. */
  logs(): string;
  close(): Promise<void>;
}

/**
 * Cloud Run on this machine, for services that provisioning has made and recorded: a revision is a process with the arguments,
 * account and variables of its service, out of the folder of an image. It does what `gcloud run` is told by an account that may.
 */
export async function cloudRun(options: {
  readonly made: Provisioned;
  /** Image by address, with its tag. */
  readonly images: Readonly<Record<string, Image>>;
  /** The image that stands from provisioning. */
  readonly first: string;
  /** Who deploys. */
  readonly deployer: Account;
  /** Variables of a process besides those of its service. */
  readonly environment: (account: Account) => Promise<Readonly<Record<string, string>>>;
  /** The instant that processes take for now. */
  readonly at: string;
  /** A folder of the caller's, for the tool and what processes keep. */
  readonly folder: string;
}): Promise<CloudRun> {
  const { made, images, folder } = options;
  const services = new Map<string, LiveService>();
  let log = '';

  const start = async (revision: Revision): Promise<{ address: string; child: ChildProcess }> => {
    const { name, image, args, account, variables } = revision;
    const program = join(image.folder, 'src/app/cli/tipoff.ts');
    const child = spawn(process.execPath, [program, ...args, '--port', '0', '--json', '--at', options.at], {
      cwd: image.folder,
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        // The TypeScript of an image is compiled once, not once per process.
        NODE_COMPILE_CACHE: join(tmpdir(), 'tipoff-compile-cache'),
        K_SERVICE: name.replace(/-\d+$/, ''),
        ...variables,
        ...(await options.environment(account)),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      log += `${name}: ${chunk.toString()}`;
    });
    while (!out.includes('"address"') && child.exitCode === null)
      await Promise.race([once(child.stdout, 'data'), once(child, 'close')]);
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`);
    // Services listen for everybody; tests ask them on the loopback.
    const { address } = JSON.parse(out) as { address: string };
    return { address: address.replace('0.0.0.0', '127.0.0.1'), child };
  };
  const processOf = (revision: Revision): NonNullable<Revision['started']> => {
    revision.started ??= start(revision);
    return revision.started;
  };
  const end = async (revision: Revision): Promise<void> => {
    const { started } = revision;
    revision.started = undefined;
    const child = (await started?.catch(() => undefined))?.child;
    if (child === undefined || child.exitCode !== null) return;
    const gone = once(child, 'close');
    child.kill('SIGTERM');
    await gone;
  };
  const found = (name: string): LiveService => {
    const service = services.get(name);
    if (service === undefined) throw new Refused(`Cannot find service [${name}]`);
    return service;
  };
  const revisionOf = ({ revisions }: LiveService, name: string | undefined): Revision => {
    const revision = revisions.find((one) => one.name === name);
    if (revision === undefined) throw new Refused(`Revision [${name}] could not be found.`);
    return revision;
  };
  /** Hands a request on to a process, which sees by the name of the host whether it serves or is a candidate. */
  const hand = async (revision: Revision, host: string, arrived: Arrived): Promise<Reply> => {
    const text = arrived.query.toString();
    try {
      const { address } = await processOf(revision);
      return await asked(`${address}${arrived.path}${text === '' ? '' : `?${text}`}`, host, arrived);
    } catch (error) {
      log += `${revision.name} cannot be asked: ${String(error)}\n`;
      return { status: 503, body: { message: 'The request failed because the instance did not start.' } };
    }
  };
  const opened = async (name: string, image: Image): Promise<void> => {
    const revisions = [revisionAs(made, name, 1, image)];
    const host = `${name}-123456789012.us-east1.run.app`;
    const door = await loopback((arrived) => {
      const service = found(name);
      const revision = revisionOf(service, service.serves);
      return revision.image.answersUsers ?? hand(revision, host, arrived);
    });
    const sideDoor = await loopback((arrived) => {
      const service = found(name);
      return hand(revisionOf(service, service.tagged), `candidate---${host}`, arrived);
    });
    services.set(name, { revisions, serves: revisions[0]?.name ?? '', tagged: undefined, door, sideDoor });
  };
  /** Revisions that nobody can ask any more are ended. */
  const settle = async ({ revisions, serves, tagged }: LiveService): Promise<void> => {
    for (const revision of revisions) if (![serves, tagged].includes(revision.name)) await end(revision);
  };
  const gcloud = async (args: readonly string[]): Promise<object> => {
    const words = args.filter((word) => !word.startsWith('--'));
    const flag = (name: string): string | undefined =>
      args.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);
    const name = words.at(-1) ?? '';
    const service = found(name);
    const verb = words.slice(0, -1).join(' ');
    mayChange(made, options.deployer, name, verb);
    if (verb === 'run deploy') {
      const image = images[flag('image') ?? ''];
      if (image === undefined) throw new Refused(`Image '${flag('image')}' not found.`);
      if (!args.includes('--no-traffic') || flag('tag') === undefined)
        throw new Refused('expected a candidate without traffic');
      const revision = revisionAs(made, name, service.revisions.length + 1, image);
      service.revisions.push(revision);
      service.tagged = revision.name;
      await settle(service);
      // The startup probe: a revision that never answers is no revision.
      const probed = await hand(revision, 'probe', PROBE);
      if (probed.status !== 200)
        throw new Refused(`Revision '${revision.name}' is not ready and cannot serve traffic.`);
    } else if (verb === 'run services update-traffic') {
      const named = flag('to-revisions')?.split('=')[0];
      const wanted = named ?? (args.includes('--to-latest') ? service.revisions.at(-1)?.name : undefined);
      service.serves = revisionOf(service, wanted).name;
      await settle(service);
    } else if (verb !== 'run services describe') throw new Refused(`Invalid choice: '${verb}'`);
    const traffic = [
      { revisionName: service.serves, percent: 100 },
      ...(service.tagged === undefined
        ? []
        : [{ revisionName: service.tagged, tag: 'candidate', url: service.sideDoor.url }]),
    ];
    return { status: { url: service.door.url, traffic } };
  };
  const control = await loopback(async ({ body }) => {
    try {
      return { status: 200, body: JSON.stringify(await gcloud(body.toString().trim().split('\n'))) };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return { status: 200, body: `ERROR: (gcloud) ${error.message}` };
    }
  });
  const first = images[options.first];
  if (first === undefined) throw new Error(`expected the image ${options.first} among the images, saw none`);
  for (const key of Object.keys(made.cli.state.things).filter((one) => one.startsWith('run services ')))
    await opened(key.slice('run services '.length), first);
  const tools = join(folder, 'tools');
  mkdirSync(tools, { recursive: true });
  writeFileSync(
    join(tools, 'gcloud'),
    `#!/usr/bin/env bash
answer=$(printf '%s\\n' "$@" | curl -sS --data-binary @- ${control.url})
case $answer in ERROR*) echo "$answer" >&2; exit 1 ;; esac
echo "$answer"
`,
  );
  chmodSync(join(tools, 'gcloud'), 0o755);
  return {
    tools,
    url: (name) => found(name).door.url,
    logs: () => log,
    close: async () => {
      await control.close();
      for (const service of services.values()) {
        await Promise.all([service.door.close(), service.sideDoor.close()]);
        for (const revision of service.revisions) await end(revision);
      }
    },
  };
}

class Refused extends Error {}

/** A revision as the record of provisioning has the service now. */
function revisionAs(made: Provisioned, name: string, number: number, image: Image): Revision {
  const { spec } = made.cli.state.things[`run services ${name}`] as unknown as {
    readonly spec: {
      readonly template: {
        readonly spec: {
          readonly serviceAccountName: string;
          readonly containers: readonly [
            { readonly args: readonly string[]; readonly env: readonly { name: string; value?: string }[] },
          ];
        };
      };
    };
  };
  const {
    serviceAccountName,
    containers: [{ args, env }],
  } = spec.template.spec;
  return {
    ...{ name: `${name}-${String(number).padStart(5, '0')}`, image, args, started: undefined },
    account: (/^tipoff-(\w+)@/.exec(serviceAccountName)?.[1] ?? '') as Account,
    variables: Object.fromEntries(
      env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
    ),
  };
}

/** What a deployment needs besides the service: to run something as its account, and to read the image. */
function mayChange(made: Provisioned, deployer: Account, name: string, verb: string): void {
  const has = (key: string, role: string): boolean =>
    (made.cli.state.policies[key] ?? []).some(
      (bound) =>
        bound.role === role && bound.members.includes(`serviceAccount:${accountEmail(made, deployer)}`),
    );
  const runsAs = revisionAs(made, name, 0, { folder: '' }).account;
  const needed: (readonly [string, string, string])[] = [
    [`run services ${name}`, 'roles/run.developer', 'run.services.update'],
    ...(verb === 'run deploy'
      ? ([
          [
            `iam service-accounts ${accountEmail(made, runsAs)}`,
            'roles/iam.serviceAccountUser',
            'iam.serviceaccounts.actAs',
          ],
          [
            'artifacts repositories tipoff',
            'roles/artifactregistry.writer',
            'artifactregistry.repositories.downloadArtifacts',
          ],
        ] as const)
      : []),
  ];
  for (const [key, role, permission] of needed)
    if (!has(key, role)) throw new Refused(`PERMISSION_DENIED: Permission '${permission}' denied on ${key}`);
}

function asked(url: string, host: string, { method, headers, body }: Arrived): Promise<Reply> {
  const carried = CARRIED.flatMap((name) => {
    const value = headers[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers: { ...Object.fromEntries(carried), host } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 500,
          headers: { 'content-type': answer.headers['content-type'] ?? 'application/json' },
          body: Buffer.concat(chunks),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body.length === 0 ? undefined : body);
  });
}
