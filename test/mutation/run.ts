import { fork } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { hashText } from '#core/random.ts';
import { writeSuiteReport } from '#test/process/suite-report.ts';
import { acceptedWhy } from './accepted.ts';
import { type Mutant, mutants, sampled } from './mutants.ts';
import { guardTable, mutationPage, replaysOf, type SwitchedOff, withoutIt } from './page.ts';
import { healthyView, preparedWorld } from './prepared.ts';
import { type Judged, VERDICTS } from './verdict.ts';
import type { Answer, Request } from './worker.ts';

// npm run mutate -- [--sample N] [--seed S] [--only TEXT...] [--slates N...] [--shard I/N] [--without GUARD...] [--jobs N] [--json] [--page]
//   [--results FILE] [--kept] [--guards] [--report FILE] [--list]
// With --results, verdicts are kept in a file, line by line, and those that are in it already are not made again; with --kept no
// others are made. With --guards, each guard is switched off for mutants that it may have been alone with: a check by leaving out what
// it says, one that stops something in its source.
// Damages a simulated installation in every way there is, and demands that each damage is blocked, told or harmless.
const { values } = parseArgs({
  options: {
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true },
    slates: { type: 'string', multiple: true },
    shard: { type: 'string', default: '1/1' },
    without: { type: 'string', multiple: true, default: [] },
    jobs: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
    page: { type: 'boolean', default: false },
    results: { type: 'string' },
    kept: { type: 'boolean', default: false },
    guards: { type: 'boolean', default: false },
    report: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const jobs = Number(values.jobs);
/** Mutants for which a guard is switched off before it counts as not needed. */
const MAX_REPLAYS = 3;
const PAGE = resolve(import.meta.dirname, '../../docs/mutation.md');
const say = (line: string): void => void process.stderr.write(`${line}\n`);

await lead();

async function lead(): Promise<void> {
  const kept = new Set(keptResults().map(({ id }) => id));
  const chosen = choose(values.kept ? mutants().filter(({ id }) => kept.has(id)) : mutants());
  if (values.list) {
    for (const { id } of chosen) process.stdout.write(`${id}\n`);
    return;
  }
  const began = performance.now();
  if (!values.kept) {
    const folder = await preparedWorld();
    await healthyView(folder, Math.max(...chosen.map(({ length }) => length)) + 1);
    say(
      `the world is prepared after ${((performance.now() - began) / 1000).toFixed(0)} s; ${chosen.length} mutants`,
    );
  }
  const judged = await judgeAll(chosen);
  const without = values.guards ? await switchedOff(judged) : {};
  const count = (verdict: string): number => judged.filter((one) => one.verdict === verdict).length;
  const survivors = judged.filter(({ verdict }) => verdict === 'survivor');
  const unexpected = survivors.filter((one) => acceptedWhy(one) === undefined);
  if (values.page) writeFileSync(PAGE, mutationPage(judged, mutants().length, without));
  writeSuiteReport(values.report, { passed: judged.length - unexpected.length, failed: unexpected.length });
  if (values.json) {
    process.stdout.write(
      `${JSON.stringify({
        mutants: judged.length,
        blocked: count('blocked'),
        told: count('told'),
        harmless: count('harmless'),
        survivors: survivors.map(({ operator, place, slates, why }) => ({ operator, place, slates, why })),
        guards: guardTable(judged, without),
      })}\n`,
    );
  } else {
    for (const { id, why } of survivors) process.stdout.write(`survivor: ${id}: ${why}\n`);
    for (const [guard, noticed] of Object.entries(guardTable(judged, without)))
      process.stdout.write(
        `guard ${guard}: ${noticed.noticed} mutants, ${noticed.first} of them first, ${noticed.alone.length} alone; without it ${withoutIt(noticed)}\n`,
      );
    process.stdout.write(
      `${judged.length} mutants: ${VERDICTS.map((verdict) => `${count(verdict)} ${verdict}`).join(', ')}\n`,
    );
  }
  const cpu = judged.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
  say(
    `${(cpu / judged.length).toFixed(2)} s of CPU a mutant, ${((performance.now() - began) / 1000).toFixed(0)} s in all`,
  );
  if (unexpected.length > 0) process.exitCode = 1;
}

function choose(all: readonly Mutant[]): readonly Mutant[] {
  const { only, slates, sample } = values;
  const [shard = 1, shards = 1] = values.shard.split('/').map(Number);
  const matching = all.filter(
    ({ id, length }) =>
      (hashText(mutationOf(id)) >>> 0) % shards === shard - 1 &&
      (only === undefined || only.some((part) => id.includes(part))) &&
      (slates === undefined || slates.includes(String(length))),
  );
  if (sample === undefined) return matching;
  return sampled(matching, Number(sample), seed);
}

/** The id of a mutant without the number of its slates. */
function mutationOf(id: string): string {
  return id.replace(/ \| \d+$/, '');
}

/** A verdict as it is kept in a file; `without` names the guard that was switched off. */
type Kept = Judged & { readonly without?: string };

function keptLines(): Kept[] {
  if (values.results === undefined || !existsSync(values.results)) return [];
  const lines = readFileSync(values.results, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Kept);
}

function keptResults(): Judged[] {
  return keptLines().filter(({ without }) => without === undefined);
}

function keep(line: Kept): void {
  if (values.results !== undefined) appendFileSync(values.results, `${JSON.stringify(line)}\n`);
}

/** What becomes of mutants when a guard that may have been alone with them is switched off, by guard and mutant. */
async function switchedOff(judged: readonly Judged[]): Promise<SwitchedOff> {
  const replayed = new Map(
    keptLines().flatMap((line) =>
      line.without === undefined ? [] : [[`${line.without}\n${line.id}`, line]],
    ),
  );
  const verdicts: Record<string, Record<string, Judged>> = {};
  const waiting = Object.entries(replaysOf(judged));
  const one = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [guard, ids] = next;
      for (const id of ids.slice(0, MAX_REPLAYS)) {
        const kept = replayed.get(`${guard}\n${id}`);
        const [again] = kept === undefined ? await judgedBy([guard], [[id]]) : [kept];
        if (again === undefined) continue;
        verdicts[guard] = { ...verdicts[guard], [id]: again };
        if (kept === undefined) keep({ ...again, without: guard });
        say(`without ${guard}: ${again.verdict} ${id}: ${again.why.slice(0, 160)}`);
        if (again.verdict === 'survivor') break;
      }
    }
  };
  await Promise.all(Array.from({ length: jobs }, one));
  return verdicts;
}

/** Judges mutants in processes beside each other; the order of the answers is that of the mutants. */
async function judgeAll(chosen: readonly Mutant[]): Promise<Judged[]> {
  const answers = new Map(keptResults().map((kept) => [kept.id, kept]));
  const waiting = [
    ...Map.groupBy(
      chosen.map(({ id }) => id).filter((id) => !answers.has(id)),
      mutationOf,
    ).values(),
  ];
  const take = (judged: Judged): void => {
    answers.set(judged.id, judged);
    keep(judged);
    say(
      `${answers.size}/${chosen.length} ${judged.verdict.padEnd(8)} ${judged.id}: ${judged.why.slice(0, 160)} (${judged.cpuSeconds.toFixed(1)} s)`,
    );
  };
  await Promise.all(
    Array.from({ length: Math.min(jobs, waiting.length) }, () => judgedBy(values.without, waiting, take)),
  );
  return chosen.flatMap(({ id }) => answers.get(id) ?? []);
}

/** Judges what waits in a process of its own, until nothing waits any more. */
function judgedBy(
  without: readonly string[],
  waiting: Request[],
  take: (judged: Judged) => void = () => undefined,
): Promise<Judged[]> {
  return new Promise((done, fail) => {
    const all: Judged[] = [];
    const child = fork(join(import.meta.dirname, 'worker.ts'), [...without], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child.on('message', (message: Answer) => {
      for (const judged of message === 'ready' ? [] : message) {
        all.push(judged);
        take(judged);
      }
      const next = waiting.shift();
      if (next === undefined) child.disconnect();
      else child.send(next);
    });
    child.on('exit', (code) => (code === 0 ? done(all) : fail(new Error(`a process ended with ${code}`))));
  });
}
