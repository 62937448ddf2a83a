import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Owner } from '#app/cli/context.ts';
import { main, program, runOn } from '#app/cli/program.ts';
import { openRelay, RELAY_ACCESS, type RunCommand, relayCommand, relaySocket } from '#app/cli/relay.ts';
import { type App, openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { systemClock } from '#platform/clock.ts';
import { openRightOfWay, type RightOfWay } from '#platform/right-of-way.ts';
import { homeWithoutRows } from '#test/app/empty-home.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let home: string;
const closers: (() => Promise<void>)[] = [];
beforeEach(async () => {
  folder = await temporaryFolder();
  home = join(folder.path, 'home');
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await folder.remove();
});

const NOBODY = { out: () => undefined, err: () => undefined };

function verbsOf(command: Command, before: readonly string[] = []): string[] {
  return command.commands.flatMap((child) => {
    const names = [...before, child.name()];
    return child.commands.length > 0 ? verbsOf(child, names) : [names.join(' ')];
  });
}

/** A home that a command has, as its process would. */
async function owned(command: string, lastProgress?: string, rightOfWay = openRightOfWay()): Promise<App> {
  await homeWithoutRows(home);
  const app = await openApp(readConfig({ TIPOFF_HOME: home }), {
    command,
    clock: systemClock,
    write: () => undefined,
    rightOfWay,
  });
  const owner: Owner = { command, since: '2025-01-10T13:00:00.000Z', lastProgress: () => lastProgress };
  const relay = await openRelay(home, runOn(app, owner));
  expect(relay.problem).toBeUndefined();
  closers.push(
    () => app.close(),
    () => relay.close(),
  );
  return app;
}

async function tipoff(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: '', err: '' };
  const code = await main([...args, '--home', home], {
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
  });
  return { code, ...said };
}

describe('what verbs need of a home', () => {
  it('is said of every verb, and of nothing else', () => {
    const verbs = verbsOf(program({ streams: NOBODY, exit: () => undefined }));
    expect(Object.keys(RELAY_ACCESS).sort()).toEqual(verbs.sort());
  });
});

/** What each verb that reads is asked here; a name alone where that is enough. */
const ASKED: Readonly<Record<string, readonly string[]>> = {
  status: ['2025-01-10'],
  player: ['Nobody', '2025-01-10'],
  explain: ['2025-01-10', 'Nobody'],
  record: ['--season', '2024-25'],
  diff: ['2025-01-10'],
  sql: ['SELECT 1 AS one'],
  'batch show': ['2025-01-10-001'],
  'backfill plan': ['--from', '2025-01-10', '--to', '2025-01-10'],
  'canary run': ['--only', 'prediction_gap'],
  'canary halt': ['--until', '2099-01-01T00:00Z', '--reason', 'a test'],
  // No name of a check: nothing is written where the repository keeps its own.
  'canary new': ['Not A Name'],
  'incidents show': ['prediction_gap'],
  'incidents ack': ['prediction_gap'],
  'incidents accept': ['prediction_gap', '--reason', 'a test'],
  'incidents snooze': ['prediction_gap', '--for', '4h', '--reason', 'a test'],
  quality: ['--train-start', '2025-01-01', '--to', '2025-01-10'],
  evaluate: ['--season', '2024-25'],
  'schema check': ['--repository', 'REPOSITORY'],
  'schema diff': ['--repository', 'REPOSITORY'],
  'schema snapshot': ['--repository', 'REPOSITORY'],
};
const READS = Object.keys(RELAY_ACCESS)
  .filter((verb) => RELAY_ACCESS[verb] === 'reads')
  .map((verb) => [...verb.split(' '), ...(ASKED[verb] ?? [])]);

describe('a home that another process has', () => {
  it('answers every verb that reads before the next step of what its owner does', async () => {
    // Whoever would write into the repository finds none.
    const repository = join(folder.path, 'repository');
    // By a clock that never says that a question took too long: nothing here depends on how fast the machine is.
    const way = openRightOfWay({ clock: { sleep: () => new Promise(() => undefined) } });
    let begun = 0;
    const during: number[] = [];
    const counting: RightOfWay = {
      ...way,
      first: (answer) =>
        way.first(async () => {
          const before = begun;
          try {
            return await answer();
          } finally {
            during.push(begun - before);
          }
        }),
    };
    const app = await owned('backfill run', undefined, counting);
    let isOver = false;
    const work = async (step: () => Promise<unknown>): Promise<void> => {
      while (!isOver) {
        begun += 1;
        await step();
      }
    };
    const { warehouse } = app;
    const works = [
      work(() => warehouse.query('SELECT COUNT(*) AS n FROM nba_raw.player_box_scores')),
      work(() => warehouse.query('SELECT COUNT(*) AS n FROM nba_raw.player_box_scores')),
      work(() => warehouse.execute("DELETE FROM nba_raw.rejected_rows WHERE reason = 'none'")),
      work(() => way.giveWay()),
    ];
    for (const words of READS) {
      const [before, answered] = [begun, during.length];
      const args = words.map((word) => (word === 'REPOSITORY' ? repository : word));
      const { err } = await tipoff(...args);
      expect(err, args.join(' ')).not.toMatch(/TIPOFF_HOME_LOCKED|TIPOFF_UNEXPECTED|error:/);
      // Its owner gets on between two questions. What is wrong with the command line is said before anybody is asked.
      if (during.length > answered) expect(begun, args.join(' ')).toBeGreaterThan(before);
    }
    isOver = true;
    await Promise.all(works);
    expect(during.length).toBeGreaterThan(25);
    // What was at work when somebody asked ends; the next statement or step of each is asked for, and waits.
    expect(Math.max(...during)).toBeLessThanOrEqual(works.length);
  });

  it('answers with what the owner sees, and with its exit code', async () => {
    await owned('backfill run');
    expect(await tipoff('sql', 'SELECT 1 AS one', '--json')).toMatchObject({ code: 0, err: '' });
    const missing = await tipoff('batch', 'show', 'nope');
    expect(missing).toMatchObject({ code: 2, out: '' });
    expect(missing.err).toContain('TIPOFF_NOT_FOUND');
  });

  it('says who is at work, and how far he is, to a second writer', async () => {
    await owned('backfill run', '60 of 135 units');
    const { code, err } = await tipoff('grade', '2025-01-10');
    expect(code).toBe(3);
    expect(err).toContain('(backfill run) since 2025-01-10T13:00:00.000Z; it said last: 60 of 135 units');
  });

  it('works all the same where no socket can be made, and says why', async () => {
    await (
      await openApp(readConfig({ TIPOFF_HOME: home }), {
        command: 'x',
        clock: systemClock,
        write: () => undefined,
      })
    ).close();
    mkdirSync(relaySocket(home));
    const { code, out, err } = await tipoff('sql', 'SELECT 1 AS one', '--json');
    expect([code, JSON.parse(out)]).toEqual([0, [{ one: 1 }]]);
    expect(err).toContain('other commands cannot use this home meanwhile: ');
  });

  it('is written through by `serve`', async () => {
    await owned('serve');
    const { code, out } = await tipoff('batch', 'check-stalled');
    expect([code, out]).toEqual([0, 'No active batch.\n']);
  });

  it.each(['serve', 'backfill run'])('is not shared with a verb that works alone, by %s', async (command) => {
    await owned(command);
    expect((await tipoff('serve', '--port', '0')).err).toContain('TIPOFF_HOME_LOCKED');
  });

  it('trains where a server has it', async () => {
    await owned('serve');
    expect((await tipoff('train', '--cutoff', '2025-01-10')).err).not.toContain('TIPOFF_HOME_LOCKED');
  });

  it('reads files where the caller is', async () => {
    await owned('serve');
    writeFileSync(join(folder.path, 'a.txt'), 'nothing that is known\n');
    const said: string[] = [];
    const streams = { out: (text: string) => said.push(text), err: (text: string) => said.push(text) };
    await relayCommand(home, { args: ['ingest', 'a.txt'], cwd: folder.path }, streams);
    expect(said.join('')).toContain('saw text that begins "nothing that is known"');
  });

  it('names its home as it is, wherever the caller is', async () => {
    await owned('serve');
    const said: string[] = [];
    const streams = { out: (text: string) => said.push(text), err: (text: string) => said.push(text) };
    const args = ['canary', 'run', '--only', 'contract_drift', 'schedule_ahead', '--home', 'home'];
    await relayCommand(home, { args, cwd: folder.path }, streams);
    expect(said.join('')).toContain(`export TIPOFF_HOME=${home}\n`);
  });
});

describe('the relay', () => {
  const opened = async (run: RunCommand) => {
    const relay = await openRelay(folder.path, run);
    closers.push(() => relay.close());
    return relay;
  };
  const command = { args: ['x'], cwd: '.' };

  it('passes on what is said, in order, and how it ended', async () => {
    await opened(async ({ args }, { out, err }) => {
      out(`one ${args.join(' ')}\n`);
      err('two\n');
      out('three\n');
      return 1;
    });
    const said: string[] = [];
    const streams = {
      out: (text: string) => said.push(`out ${text}`),
      err: (text: string) => said.push(`err ${text}`),
    };
    expect(await relayCommand(folder.path, command, streams)).toBe(1);
    expect(said).toEqual(['out one x\n', 'err two\n', 'out three\n']);
  });

  it('is undefined where nobody listens, and after the owner has closed it', async () => {
    expect(await relayCommand(folder.path, command, NOBODY)).toBeUndefined();
    const relay = await openRelay(folder.path, async () => 0);
    await relay.close();
    expect(await relayCommand(folder.path, command, NOBODY)).toBeUndefined();
    expect(existsSync(relaySocket(folder.path))).toBe(false);
  });

  it('takes the place of one whose owner died', async () => {
    writeFileSync(relaySocket(folder.path), '');
    await opened(async () => 0);
    expect(await relayCommand(folder.path, command, NOBODY)).toBe(0);
  });

  it('waits for commands at work before it closes', async () => {
    const done: string[] = [];
    const gate = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const relay = await openRelay(folder.path, async () => {
      started.resolve();
      await gate.promise;
      done.push('command');
      return 0;
    });
    const ran = relayCommand(folder.path, command, NOBODY);
    await started.promise;
    const closed = relay.close().then(() => done.push('closed'));
    gate.resolve();
    await Promise.all([ran, closed]);
    expect(done).toEqual(['command', 'closed']);
  });

  it('has a place for homes whose path is too long for a socket', () => {
    const long = join(folder.path, 'x'.repeat(120));
    expect(relaySocket(long).length).toBeLessThan(100);
    expect(relaySocket(long)).not.toBe(relaySocket(`${long}y`));
  });
});
