import { type ChildProcess, fork } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { hashText } from '#core/random.ts';
import { writeSuiteReport } from '#test/process/suite-report.ts';
import { acceptedWhy } from './accepted.ts';
import { isCheck, type Proof, prove } from './chains.ts';
import { type Mutant, mutants, sampled } from './mutants.ts';
import { guardTable, mutationPage, withoutIt } from './page.ts';
import { healthyView, preparedWorld } from './prepared.ts';
import { switchOf } from './switched-off.ts';
import { type Judged, VERDICTS } from './verdict.ts';
import type { Answer, Request } from './worker.ts';

// npm run mutate -- [--sample N] [--seed S] [--only TEXT...] [--slates N...] [--shard I/N] [--without GUARD...] [--jobs N] [--json] [--page]
//   [--results FILE] [--kept] [--guards [--guard GUARD...]] [--report FILE] [--list]
// With --results, verdicts are kept in a file, line by line, and those that are in it already are not made again; with --kept no
// others are made. With --guards, each guard is switched off, and the others that notice the same, until a mutant survives: a check by
// leaving out what it says, one that stops something in its source.
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
    guard: { type: 'string', multiple: true },
    report: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const jobs = Number(values.jobs);
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
  const proofs = values.guards ? await proveAll(judged) : {};
  const count = (verdict: string): number => judged.filter((one) => one.verdict === verdict).length;
  const survivors = judged.filter(({ verdict }) => verdict === 'survivor');
  const unexpected = survivors.filter((one) => acceptedWhy(one) === undefined);
  if (values.page) writeFileSync(PAGE, mutationPage(judged, mutants().length, proofs));
  writeSuiteReport(values.report, { passed: judged.length - unexpected.length, failed: unexpected.length });
  if (values.json) {
    process.stdout.write(
      `${JSON.stringify({
        mutants: judged.length,
        blocked: count('blocked'),
        told: count('told'),
        harmless: count('harmless'),
        survivors: survivors.map(({ operator, place, slates, why }) => ({ operator, place, slates, why })),
        guards: guardTable(judged, proofs),
      })}\n`,
    );
  } else {
    for (const { id, why } of survivors) process.stdout.write(`survivor: ${id}: ${why}\n`);
    for (const [guard, noticed] of Object.entries(guardTable(judged, proofs)))
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

/** A verdict as it is kept in a file; `without` names the guards that were switched off. */
type Kept = Judged & { readonly without?: readonly string[] };

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

/** Switches every guard off that noticed something, checks before those that stop something. */
async function proveAll(judged: readonly Judged[]): Promise<Record<string, Proof>> {
  const played = new Map(
    keptLines().flatMap((line) =>
      line.without === undefined ? [] : [[replayKey(line.without, line.id), line]],
    ),
  );
  const { guard: named } = values;
  const guards = Object.keys(guardTable(judged, {})).filter((one) => named?.includes(one) ?? true);
  const waiting = [...guards.filter(isCheck), ...guards.filter((guard) => !isCheck(guard))];
  const proofs: Record<string, Proof> = {};
  const one = async (): Promise<void> => {
    const worker = replayer();
    for (let guard = waiting.shift(); guard !== undefined; guard = waiting.shift()) {
      proofs[guard] = await prove(guard, judged, async (without, id) => {
        const kept = played.get(replayKey(without, id));
        if (kept !== undefined) return kept;
        const again = await worker.replay(without, id);
        const line = { ...again, without };
        played.set(replayKey(without, id), line);
        keep(line);
        say(`without ${without.join(', ')}: ${again.verdict} ${id}: ${again.why.slice(0, 160)}`);
        return again;
      });
    }
    worker.close();
  };
  await Promise.all(Array.from({ length: jobs }, one));
  return Object.fromEntries(guards.flatMap((guard) => (proofs[guard] ? [[guard, proofs[guard]]] : [])));
}

function replayKey(without: readonly string[], id: string): string {
  return `${without.toSorted().join('\n')}\n\n${id}`;
}

/** Plays mutants again in a process of its own, another one whenever other guards are off in the sources. */
function replayer(): { replay(without: readonly string[], id: string): Promise<Judged>; close(): void } {
  let current: { readonly off: string; readonly child: ChildProcess } | undefined;
  return {
    replay: async (without, id) => {
      const off = without.filter((guard) => switchOf(guard) !== undefined).toSorted();
      if (current?.off !== off.join()) {
        current?.child.disconnect();
        const child = startWorker(off);
        current = { off: off.join(), child };
        await answerOf(child);
      }
      current.child.send({ ids: [id], without } satisfies Request);
      const [judged] = await answerOf(current.child);
      if (judged === undefined) throw new Error(`${id} was not judged`);
      return judged;
    },
    close: () => current?.child.disconnect(),
  };
}

/** The next message of a process. */
function answerOf(child: ChildProcess): Promise<readonly Judged[]> {
  return new Promise((done, fail) => {
    const ended = (code: number | null): void => fail(new Error(`a process ended with ${code}`));
    child.once('exit', ended);
    child.once('message', (message: Answer) => {
      child.off('exit', ended);
      done(message === 'ready' ? [] : message);
    });
  });
}

function startWorker(without: readonly string[]): ChildProcess {
  return fork(join(import.meta.dirname, 'worker.ts'), [...without], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
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
  waiting: (readonly string[])[],
  take: (judged: Judged) => void = () => undefined,
): Promise<Judged[]> {
  return new Promise((done, fail) => {
    const all: Judged[] = [];
    const child = startWorker(without);
    child.on('message', (message: Answer) => {
      for (const judged of message === 'ready' ? [] : message) {
        all.push(judged);
        take(judged);
      }
      const next = waiting.shift();
      if (next === undefined) child.disconnect();
      else child.send({ ids: next, without } satisfies Request);
    });
    child.on('exit', (code) => (code === 0 ? done(all) : fail(new Error(`a process ended with ${code}`))));
  });
}
