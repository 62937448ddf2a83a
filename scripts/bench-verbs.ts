/**
 * `node scripts/bench-verbs.ts --home HOME --slate SLATE [--player NAME] [--from SLATE --to SLATE] [--only
 * VERB]… [--rounds 3]`: seconds that every reading verb takes in a process of its own: alone, and while `serve`
 * owns the home and recomputes a backfill of the range. Changes the home: give a copy. Prints a Markdown table.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const COMMAND = fileURLToPath(new URL('../src/app/cli/tipoff.ts', import.meta.url));
const { values } = parseArgs({
  options: {
    home: { type: 'string' },
    slate: { type: 'string' },
    player: { type: 'string', default: 'Nikola Jokić' },
    from: { type: 'string' },
    to: { type: 'string' },
    only: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '3' },
  },
});
const { home, slate, player } = values;
if (home === undefined || slate === undefined)
  throw new TypeError('expected --home and --slate; see the head of the file');
const at = `${slate}T17:00:00Z`;
const season = Number(slate.slice(0, 4)) - (slate.slice(5, 7) < '07' ? 1 : 0);
const label = `${season}-${String((season + 1) % 100).padStart(2, '0')}`;

const VERBS: readonly (readonly string[])[] = [
  ['status', slate, '--at', at],
  ['player', player, slate],
  ['explain', slate, player],
  ['record', '--season', label],
  ['diff', slate],
  ['sql', 'SELECT COUNT(*) AS n FROM nba_predictions.current_predictions'],
  ['rows', 'rejected'],
  ['publish', 'list'],
  ['models', 'list'],
  ['batch', 'list'],
  ['batch', 'show', `${slate}-backfill-001`],
  ['backfill', 'plan', '--from', slate, '--to', slate],
  ['backfill', 'status'],
  ['canary', 'list'],
  ['canary', 'run', '--at', at],
  ['drill', 'list'],
  ['incidents', 'list'],
  ['quality', '--train-start', `${season - 2}-10-01`, '--to', slate],
  ['schema', 'check'],
  ['staging', 'list'],
  ['sources', 'list'],
];

interface Asked {
  readonly seconds: number;
  readonly code: number;
}

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [COMMAND, ...args, '--home', String(home)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function ask(args: readonly string[]): Promise<Asked> {
  const began = performance.now();
  const child = start(args);
  child.stdout?.resume();
  child.stderr?.resume();
  const [code] = await once(child, 'exit');
  return { seconds: (performance.now() - began) / 1000, code: Number(code) };
}

async function askAll(): Promise<readonly Asked[]> {
  const answers: Asked[] = [];
  for (const verb of verbs) answers.push(await ask(verb));
  return answers;
}

const verbs = VERBS.filter((verb) => values.only?.some((one) => verb.join(' ').startsWith(one)) !== false);
// The first round is a warm-up: compiled code is cached between processes.
await askAll();
const alone = await askAll();
const server = start(['serve', '--port', '0']);
server.stderr?.resume();
await once(server.stdout ?? server, 'data');
const [from, to] = [values.from ?? slate, values.to ?? slate];
const backfill = start(['backfill', 'run', '--from', from, '--to', to, '--force', '--chunk', 'month']);
let isOver = false;
backfill.stderr?.resume();
backfill.once('exit', () => {
  isOver = true;
});
await once(backfill.stdout ?? backfill, 'data');
const rounds: (readonly Asked[])[] = [];
while (!isOver && rounds.length < Number(values.rounds)) rounds.push(await askAll());
const wasOver = isOver;
backfill.kill('SIGKILL');
server.kill('SIGINT');
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const shown = (seconds: readonly number[]): string => Math.max(...seconds).toFixed(2);
say(
  `Load ${loadavg()[0]?.toFixed(1)}; ${rounds.length} rounds beside the backfill${wasOver ? ', which ended in the last one' : ''}.\n`,
);
say(
  '| verb | alone, s | beside serve and backfill, worst s | median s | exit |\n| --- | --- | --- | --- | --- |',
);
verbs.forEach((verb, i) => {
  const own = rounds.map((round) => round[i]?.seconds ?? 0).toSorted((a, b) => a - b);
  const codes = new Set([alone[i]?.code, ...rounds.map((round) => round[i]?.code)]);
  say(
    `| ${verb.slice(0, 2).join(' ')} | ${alone[i]?.seconds.toFixed(2)} | ${shown(own)} | ${own[Math.floor(own.length / 2)]?.toFixed(2)} | ${[...codes].join(', ')} |`,
  );
});
