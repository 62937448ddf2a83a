/** What the fake keeps between calls. */
interface CloudState {
  /** Things by `kind name`, each with what its description says. */
  readonly things: Record<string, Record<string, unknown>>;
  readonly policies: Record<string, { role: string; members: string[] }[]>;
  readonly apis: string[];
  readonly datasets: Record<string, { role: string; userByEmail: string }[]>;
}

export interface CloudCli {
  readonly state: CloudState;
  /** Every call as one line. */
  readonly calls: string[];
  /** Secrets that have a value. */
  readonly filled: string[];
  /** A call that contains `when` fails with these words. */
  fail: { readonly when: string; readonly words: string } | undefined;
  /** Answers like the tool: what it prints, or the words of its refusal. */
  call(tool: 'gcloud' | 'bq', args: readonly string[]): { readonly status: number; readonly text: string };
}

/** Stands for `gcloud` and `bq`: keeps what is made, answers looks from it, refuses what is there already or is not there yet. */
export function fakeCloudCli(): CloudCli {
  const state: CloudState = { things: {}, policies: {}, apis: [], datasets: {} };
  const cli: CloudCli = {
    state,
    calls: [],
    filled: [],
    fail: undefined,
    call: (tool, args) => {
      const line = [tool, ...args].join(' ');
      cli.calls.push(line);
      if (cli.fail !== undefined && line.includes(cli.fail.when)) return { status: 1, text: cli.fail.words };
      try {
        const answer = tool === 'bq' ? bq(state, args) : gcloud(state, args, cli.filled);
        return { status: 0, text: answer === undefined ? '' : JSON.stringify(answer) };
      } catch (error) {
        if (error instanceof Refusal) return { status: 1, text: error.message };
        throw error;
      }
    },
  };
  return cli;
}

class Refusal extends Error {}

/** Bounds that the pages of the services state for what a flag says; times in seconds. */
const BOUNDS: Readonly<Record<string, readonly [least: number, most: number]>> = {
  'ack-deadline': [10, 600],
  'message-retention-duration': [600, 31 * 86_400],
  'max-delivery-attempts': [5, 100],
  'min-retry-delay': [0, 600],
  'max-retry-delay': [0, 600],
  'attempt-deadline': [15, 1800],
  'task-timeout': [1, 7 * 86_400],
  timeout: [1, 3600],
  concurrency: [1, 1000],
};
const SECONDS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 };
/** GiB of memory that one processor may have. */
const MEMORY_OF_A_PROCESSOR = 4;

function demandBounds(args: readonly string[]): void {
  for (const [name, [least, most]] of Object.entries(BOUNDS)) {
    const text = flagOf(args, name);
    if (text === undefined) continue;
    const [, number = '', unit = ''] = /^(\d+)([smhd]?)$/.exec(text) ?? [];
    const value = Number(number || Number.NaN) * (SECONDS[unit] ?? Number.NaN);
    if (!(value >= least && value <= most))
      throw new Refusal(`ERROR: INVALID_ARGUMENT: --${name}=${text}, allowed ${least} to ${most}`);
  }
  const [cpu, memory] = ['cpu', 'memory'].map((name) => Number.parseFloat(flagOf(args, name) ?? '0'));
  if ((memory ?? 0) > MEMORY_OF_A_PROCESSOR * (cpu ?? 0))
    throw new Refusal(`ERROR: INVALID_ARGUMENT: ${memory} GiB of memory need more than ${cpu} processors`);
}

function flagOf(args: readonly string[], name: string): string | undefined {
  return args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
}

/** What a service or job says of itself, from the flags it was made with. */
function running(kind: 'service' | 'job', args: readonly string[]): Record<string, unknown> {
  const flag = (name: string): string => flagOf(args, `update-${name}`) ?? flagOf(args, `set-${name}`) ?? '';
  const pairs = flag('env-vars')
    .replace(/^\^;\^/, '')
    .split(';');
  const env: object[] = pairs.map((pair) => ({
    name: pair.slice(0, pair.indexOf('=')),
    value: pair.slice(pair.indexOf('=') + 1),
  }));
  for (const pair of flag('secrets').split(',')) {
    const [name, secret = ''] = pair.split('=');
    if (secret !== '')
      env.push({ name, valueFrom: { secretKeyRef: { name: secret.split(':')[0], key: 'latest' } } });
  }
  const spec = {
    serviceAccountName: flagOf(args, 'service-account'),
    containers: [{ args: flagOf(args, 'args')?.split(','), env }],
  };
  return { spec: { template: kind === 'service' ? { spec } : { spec: { template: { spec } } } } };
}

function gcloud(state: CloudState, args: readonly string[], filled: readonly string[]): unknown {
  demandBounds(args);
  const words = args.filter((arg) => !arg.startsWith('--'));
  const line = words.join(' ');
  const name = words.at(-1) ?? '';
  const without = (verb: string): string =>
    words.filter((word) => word !== verb && word !== 'http').join(' ');
  const needs = (key: string): void => {
    if (state.things[key] === undefined && !key.startsWith('projects '))
      throw new Refusal(`ERROR: NOT_FOUND: ${key}`);
  };
  if (line.startsWith('projects describe')) return { projectNumber: '123456789012' };
  if (line === 'services list') return state.apis.map((api) => ({ config: { name: api } }));
  if (line.startsWith('firestore fields ttls')) {
    const key = `firestore fields ${flagOf(args, 'collection-group')}`;
    if (line.endsWith('list')) return state.things[key] === undefined ? [] : [state.things[key]];
    state.things[key] = { name: `fields/${name}`, ttlConfig: { state: 'CREATING' } };
    return undefined;
  }
  if (line.startsWith('services enable')) {
    state.apis.push(...words.slice(2));
    return undefined;
  }
  if (line.startsWith('secrets versions list')) return filled.includes(name) ? [{ name: '1' }] : [];
  if (line.includes('get-iam-policy')) {
    const key = without('get-iam-policy');
    needs(key);
    return { bindings: state.policies[key] ?? [] };
  }
  if (line.includes('add-iam-policy-binding')) {
    const key = without('add-iam-policy-binding');
    needs(key);
    const given = { role: flagOf(args, 'role') ?? '', members: [flagOf(args, 'member') ?? ''] };
    state.policies[key] = [...(state.policies[key] ?? []), given];
    return undefined;
  }
  if (line.includes('set-cleanup-policies')) {
    const key = without('set-cleanup-policies');
    needs(key);
    state.things[key] = { ...state.things[key], cleanupPolicies: { 'keep-last-ten': {}, 'delete-old': {} } };
    return undefined;
  }
  const verb = words.find((word) => /^(?:describe|create|create-oidc|update|update-oidc|deploy)$/.test(word));
  if (verb === undefined) throw new Refusal(`ERROR: no verb in ${line}`);
  const database = flagOf(args, 'database');
  const key = (
    verb === 'deploy'
      ? `run services ${name}`
      : [without(verb), ...(database === undefined ? [] : [database])].join(' ')
  ).replace(
    /^(iam service-accounts) (tipoff-\w+)$/,
    `$1 $2@${flagOf(args, 'project')}.iam.gserviceaccount.com`,
  );
  if (verb === 'describe') {
    needs(key);
    return state.things[key];
  }
  if (!verb.startsWith('update') && state.things[key] !== undefined)
    throw new Refusal(`ERROR: ALREADY_EXISTS: ${key}`);
  const kind = key.startsWith('run services') ? 'service' : key.startsWith('run jobs') ? 'job' : undefined;
  state.things[key] = kind === undefined ? { name, flags: args } : running(kind, args);
  return undefined;
}

function bq(state: CloudState, args: readonly string[]): unknown {
  const words = args.filter((arg) => !arg.startsWith('--'));
  const grant = /^GRANT `([\w./]+)` ON SCHEMA `[\w-]+`\.(\w+) TO "serviceAccount:(.+)"$/.exec(
    words.at(-1) ?? '',
  );
  const name = grant?.[2] ?? words.at(-1) ?? '';
  const access = state.datasets[name];
  if (words[0] === 'mk') {
    if (access !== undefined) throw new Refusal(`BigQuery error: Dataset ${name} already exists.`);
    state.datasets[name] = [];
    return undefined;
  }
  if (access === undefined)
    throw new Refusal(`BigQuery error in ${words[0]} operation: Not found: Dataset ${name}`);
  if (words[0] === 'show') return { id: name, access };
  if (grant === null) throw new Refusal(`BigQuery error: expected a grant, saw ${words.join(' ')}`);
  access.push({
    role: grant[1] === 'roles/bigquery.dataEditor' ? 'WRITER' : 'READER',
    userByEmail: grant[3] ?? '',
  });
  return undefined;
}
