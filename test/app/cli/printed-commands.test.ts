import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, CommanderError } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Owner } from '#app/cli/context.ts';
import { program, runOn } from '#app/cli/program.ts';
import { RELAY_ACCESS } from '#app/cli/relay.ts';
import { type App, openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { shiftedClock } from '#platform/clock.ts';
import { type Home, leagueHome } from '#test/actions/prepared-home.ts';
import { type Printed, printedByDocument, printedBySource, printedCommands } from './printed.ts';

const ROOT = join(import.meta.dirname, '../../..');
const SCRIPTS: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
).scripts;

/** The commands of other programs that are printed, with the options that they are printed with, as their manuals have them. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  'bq show': ['--format'],
  'bq update': ['--clustering_fields'],
  'gcloud alpha services quota list': ['--help'],
  'gcloud auth application-default login': [],
  'gcloud auth application-default set-quota-project': [],
  'gcloud auth configure-docker': [],
  'gcloud auth login': [],
  'gcloud auth print-identity-token': ['--impersonate-service-account', '--audiences', '--include-email'],
  'gcloud billing projects link': ['--billing-account'],
  'gcloud logging read': ['--project', '--limit', '--order'],
  'gcloud projects describe': ['--format'],
  'gcloud projects list': [],
  'gcloud run jobs execute': ['--project', '--region', '--wait'],
  'gcloud run revisions list': ['--service', '--project', '--region'],
  'gcloud run services update-traffic': ['--project', '--region', '--to-revisions'],
  'gcloud scheduler jobs pause': ['--location', '--project'],
  'gcloud secrets versions add': ['--project', '--data-file'],
  'gh api': ['--jq'],
  'gh auth token': [],
  'gh run list': ['--workflow', '--branch'],
  'gh run rerun': [],
  'gh variable set': ['--repo', '--body'],
};

/** The parser of the command, with verbs that do nothing. */
const PARSER = program({ streams: { out: () => undefined, err: () => undefined }, exit: () => undefined });
silence(PARSER);

/** Runs a command line through the parser. Undefined when it is accepted. */
async function problemOfTipoff(words: readonly string[]): Promise<string | undefined> {
  // These two are answered before the verbs are loaded.
  if (words.length === 0 || words[0] === '--version' || words[0] === '-V') return undefined;
  try {
    await PARSER.parseAsync([...words], { from: 'user' });
    return undefined;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // A group by itself, or --help, prints what it has.
    return error.message === '(outputHelp)'
      ? undefined
      : error.message.replace(/\s*\(Did you mean[\s\S]*/, '');
  }
}

function silence(command: Command): void {
  if (command.commands.length === 0) command.action(() => undefined);
  for (const child of command.commands) silence(child);
}

function problemOfNpm([, verb = '', script = '', ...rest]: readonly string[]): Promise<string | undefined> {
  const name =
    verb === 'run' ? rest.concat(script).find((word) => /^[a-z]/.test(word) && word in SCRIPTS) : undefined;
  const known = verb !== 'run' ? ['start', 'test', 'ci'].includes(verb) : name !== undefined;
  return Promise.resolve(known ? undefined : `package.json has no script ${script}`);
}

function problemOfOther(words: readonly string[]): string | undefined {
  // Named, as a program that has to be there.
  if (words.length === 1) return undefined;
  const line = words.join(' ');
  const name = Object.keys(OTHERS).find((one) => `${line} `.startsWith(`${one} `));
  if (name === undefined) return `nobody has looked up ${line}`;
  const flags = words.filter((word) => word.startsWith('-')).map((word) => word.replace(/=.*/, ''));
  const unknown = flags.find((flag) => OTHERS[name]?.includes(flag) !== true);
  if (unknown !== undefined) return `no option ${unknown} of ${name}`;
  const workflow = words.find((word) => word.endsWith('.yml'));
  const isThere = workflow === undefined || existsSync(join(ROOT, '.github/workflows', workflow));
  return isThere ? undefined : `there is no workflow ${workflow}`;
}

async function problemOf(words: readonly string[]): Promise<string | undefined> {
  if (words[0] === 'npm') return problemOfNpm(words);
  const rest = words[0] === 'npx' ? words.slice(2) : words.slice(1);
  return words[0] === 'npx' || words[0] === 'tipoff' ? problemOfTipoff(rest) : problemOfOther(words);
}

/**
 * What of a printed command is the command, and what is wrong with it. A sentence may go on behind it: then words are left out
 * from its end until it is accepted, but no option, no placeholder and no number.
 */
async function judged({
  words,
  isWhole,
}: Printed): Promise<{ readonly words: readonly string[]; readonly problem?: string }> {
  let problem: string | undefined;
  const least = words[0] === 'npx' ? 3 : 2;
  for (let end = words.length; end >= Math.min(least, words.length); end--) {
    const some = words.slice(0, end);
    const found = await problemOf(some);
    if (found === undefined) return { words: some };
    problem ??= found;
    if (isWhole || /^-|[<\d]/.test(words[end - 1] ?? '')) break;
  }
  return { words, ...(problem === undefined ? {} : { problem }) };
}

const SLATE = '2024-11-12';
/** When commands are run: at another instant than the home's the checks would make up for the days between. */
const NOW = '2024-11-12T17:00:00Z';
/** What a person puts in place of a placeholder, by its name. */
const FILLED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['slate', 'date', 'from', 'to', 'DATE', 'SLATE', 'lastNight', 'first'].map((name) => [name, SLATE]),
  ),
  reason: 'a test',
  statement: 'SELECT 1 AS one',
  instant: NOW,
  check: 'prediction_gap',
  id: 'prediction_gap',
  fingerprint: 'prediction_gap',
};

function filled(word: string): string {
  if (/^\d{4}-\d\d-\d\dT[\d:]+Z$/.test(word)) return NOW;
  const name = /^[A-Z]+$/.test(word) ? word : undefined;
  return name === undefined
    ? word.replaceAll(/<([^<>]*)>/g, (_all, inner: string) => FILLED[inner] ?? 'x')
    : (FILLED[name] ?? name);
}

/** Verbs that read and are done in a moment. */
const isSafe = (verb: string): boolean =>
  RELAY_ACCESS[verb] === 'reads' &&
  !/^(?:evaluate|site|schema|canary (?:new|halt|resume)|incidents (?:ack|accept|snooze|deliver))/.test(verb);

function verbOf(words: readonly string[]): string {
  const rest = words.slice(words[0] === 'npx' ? 2 : 1);
  return Object.keys(RELAY_ACCESS).find((verb) => `${rest.join(' ')} `.startsWith(`${verb} `)) ?? '';
}

// One after the other: they share the parser.
const printed: (Printed & Awaited<ReturnType<typeof judged>>)[] = [];
for (const one of printedCommands()) printed.push({ ...one, ...(await judged(one)) });

describe('printed commands', () => {
  it('are accepted by the parser as they are printed', () => {
    expect(printed.length).toBeGreaterThan(600);
    expect(
      printed.flatMap(({ where, words, problem }) =>
        problem === undefined ? [] : [`${where}: ${words.join(' ')}: ${problem}`],
      ),
    ).toEqual([]);
  });

  it.each([
    ['hint: "Run `tipoff dai 2025-01-10`."', "error: unknown command 'dai'"],
    ["hint: 'Run `tipoff day <slate> --modus FIRST`.'", "error: unknown option '--modus'"],
    ["hint: 'Run `npx tipoff schema apply --dryrun`.'", "error: unknown option '--dryrun'"],
    [
      "repair: 'tipoff batch reset --slate {slate}'",
      "error: required option '--reason <reason>' not specified",
    ],
    ["repair: 'tipoff fetch {slate}, or tipoff grades {slate}'", "error: unknown command 'grades'"],
    [
      "hint: 'Free it with `tipoff batch reset`.'",
      "error: required option '--reason <reason>' not specified",
    ],
    ["first: 'The file can be loaded with tipoff ingest.'", "error: missing required argument 'path'"],
    ["hint: 'Run `npm run dox`.'", 'package.json has no script dox'],
    ["repair: 'gh run list --workflow none.yml'", 'there is no workflow none.yml'],
    ["repair: 'gcloud run jobs burn'", 'nobody has looked up gcloud run jobs burn'],
  ])('are refused when they are wrong: %s', async (source, problem) => {
    const [found] = printedBySource('planted', source).slice(-1);
    expect(found === undefined ? 'nothing found' : (await judged(found)).problem).toBe(problem);
  });

  it('are refused in documents too', async () => {
    const text =
      'See `tipoff statuz`.\n\n```sh\nnpx tipoff day 2025-01-10 --fast   # quick\n```\n\n```\ntipoff fetch <slate>, then tipoff dai <slate>\n```\n';
    const problems: (string | undefined)[] = [];
    for (const one of printedByDocument('planted', text)) problems.push((await judged(one)).problem);
    expect(problems).toEqual([
      "error: unknown option '--fast'",
      undefined,
      "error: unknown command 'dai'",
      "error: unknown command 'statuz'",
    ]);
  });
});

describe('printed commands that only read', () => {
  let home: Home;
  let app: App;
  beforeAll(async () => {
    home = await leagueHome();
    app = await openApp(readConfig({ TIPOFF_HOME: home.path }), {
      command: 'serve',
      clock: shiftedClock(NOW),
      write: () => undefined,
    });
  });
  afterAll(async () => {
    await app.close();
    await home.remove();
  });

  const safe = new Map(
    printed.flatMap(({ words }) => {
      const args = words.slice(words[0] === 'npx' ? 2 : 1).map(filled);
      return isSafe(verbOf(words)) &&
        !args.includes('--help') &&
        !args.includes('--home') &&
        !args.includes('--html')
        ? [[args.join(' '), args] as const]
        : [];
    }),
  );

  // Some sixty command lines, each of which asks the engine several times.
  it('run, and end as documented', { timeout: 60_000 }, async () => {
    expect(safe.size).toBeGreaterThan(40);
    const owner: Owner = { command: 'serve', since: '2024-11-12T16:00:00Z', lastProgress: () => undefined };
    for (const args of safe.values()) {
      const lines: string[] = [];
      const streams = { out: () => undefined, err: (text: string) => void lines.push(text) };
      const code = await runOn(app, owner)({ args, cwd: home.path }, streams);
      const said = lines.join('');
      expect([0, 1, 2], `${args.join(' ')}: ${said}`).toContain(code);
      // What is not in this home is said to be missing; nothing else goes wrong.
      if (code === 2) expect(said, args.join(' ')).toMatch(/^TIPOFF_NOT_FOUND/);
    }
  });
});
