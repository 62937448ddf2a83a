import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { main, program } from '#app/cli/program.ts';
import { DEMONSTRATION_MARKER } from '#app/demonstration.ts';
import { tableLines } from '#platform/report/console.ts';
import { homeWithoutRows } from '#test/app/empty-home.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
  await homeWithoutRows(join(folder.path, 'home'));
});
afterEach(() => folder.remove());

const silent = { streams: { out: () => undefined, err: () => undefined }, exit: () => undefined };

/** Every command that does something: the verbs, and under a group its own. */
function commandsOf(command: Command): Command[] {
  return command.commands.flatMap((child) => (child.commands.length > 0 ? commandsOf(child) : [child]));
}

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function tipoff(...args: string[]): Promise<Ran> {
  const streams = { out: '', err: '' };
  const place = args.includes('--home') ? [] : ['--home', join(folder.path, 'home')];
  const code = await main([...args, ...place], {
    out: (text) => {
      streams.out += text;
    },
    err: (text) => {
      streams.err += text;
    },
  });
  return { code, ...streams };
}

function file(name: string, text: string): string {
  const path = join(folder.path, 'in', name);
  mkdirSync(join(folder.path, 'in'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

function emptyFolder(name: string): string {
  const path = join(folder.path, name);
  mkdirSync(path);
  return path;
}

const PRA_HEADER =
  'player_name,event_id,event_date,home_team,away_team,bookmaker,line,timestamp,over_price,under_price';
const PRA_IN_PLAY =
  'Invented Player,e1,2023-11-06,Boston Celtics,New York Knicks,somebook,24.5,2023-11-06T01:30:00Z,-110,-110';
const PRA_SCHEDULE =
  'Match Number,Round Number,Date,Location,Home Team,Away Team,Result\n1,1,06/11/2023 00:00,Somewhere,Boston Celtics,New York Knicks,\n';
const LOGS_HEADER =
  'SEASON_ID,PLAYER_ID,PLAYER_NAME,TEAM_ID,TEAM_ABBREVIATION,TEAM_NAME,GAME_ID,GAME_DATE,MATCHUP,WL,MIN,FGM,FGA,FG_PCT,FG3M,FG3A,FG3_PCT,FTM,FTA,FT_PCT,OREB,DREB,REB,AST,STL,BLK,TOV,PF,PTS,PLUS_MINUS,FANTASY_PTS,VIDEO_AVAILABLE,SEASON';
const LOG =
  '22024,7,Invented Player,1610612738,BOS,Boston Celtics,0022400001,2024-10-22,BOS vs. NYK,W,31,5,10,0.5,1,4,0.25,2,2,1.0,1,4,5,3,1,0,2,3,13,8,30.5,1,2024-25';

describe('the command line', () => {
  it('shows its verbs and exits with 0 on --help', async () => {
    const { code, out } = await tipoff('--help');
    expect(code).toBe(0);
    for (const verb of [
      'demo',
      'ingest',
      'day',
      'predict',
      'batch',
      'publish',
      'export',
      'grade',
      'train',
      'evaluate',
      'models',
    ]) {
      expect(out).toMatch(new RegExp(`^ {2}${verb}`, 'm'));
    }
  });

  it('says of every verb what it does, and what all verbs share', async () => {
    for (const command of commandsOf(program(silent))) {
      const help = command.helpInformation();
      expect(command.description(), command.name()).not.toBe('');
      for (const shared of ['--home <dir>', '--json', '--at <instant>'])
        expect(help, command.name()).toContain(shared);
      for (const argument of command.registeredArguments)
        expect(argument.description, command.name()).not.toBe('');
      for (const option of command.options)
        expect(option.description, `${command.name()} ${option.flags}`).not.toBe('');
    }
  });

  it('has no option whose name takes its value away: --no-x <n> means "not x" to the parser', () => {
    const takers = commandsOf(program(silent)).flatMap((command) =>
      command.options
        .filter(({ negate, required, optional }) => negate && (required || optional))
        .map(({ flags }) => flags),
    );
    expect(takers).toEqual([]);
  });

  it('checks for stalled batches with its default limits', async () => {
    const { code, out } = await tipoff('batch', 'check-stalled');
    expect(`${code} ${out}`).toContain('0 No active batch.');
  });

  it.each([
    ['an unknown verb', ['predcit', '2025-01-10']],
    ['a missing argument', ['grade']],
    ['an unknown option', ['day', '2025-01-10', '--fast']],
    ['a choice that is none', ['export', '2025-01-10', '--only', 'everything']],
  ])('exits with 2 for %s', async (_what, args) => {
    const { code, err } = await tipoff(...args);
    expect(code).toBe(2);
    expect(err).toContain('error:');
  });

  it.each([
    ['a date that does not exist', ['day', '2025-02-30'], '2025-02-30'],
    ['a mode that is none', ['predict', '2025-01-10', '--mode', 'SOON'], 'SOON'],
    ['an instant without a zone', ['day', '2025-01-10', '--at', '2025-01-10T17:00'], '--at'],
    ['an instant that does not exist', ['day', '2025-01-10', '--at', '2025-02-31T10:00:00Z'], '--at'],
    ['a past that does not exist', ['canary', 'run', '--as-of', '2025-02-31T10:00:00Z'], '--as-of'],
    [
      'the end of a halt that does not exist',
      ['canary', 'halt', '--until', '2025-02-31T10:00:00Z', '--reason', 'moving house'],
      '--until',
    ],
    ['a reset of nothing', ['batch', 'reset', '--reason', 'x'], '--batch or --slate'],
    ['an unknown batch', ['batch', 'show', 'nope'], 'nope'],
    ['an unknown publication', ['publish', 'undo', 'nope', '--reason', 'x'], 'nope'],
    ['an unknown model', ['models', 'promote', 'nope'], 'nope'],
    [
      'a backfill of some and of all at once',
      ['backfill', 'plan', '--from', '2025-01-10', '--to', '2025-01-12', '--only-failed', '--force'],
      'expected --force or --only-failed, saw both',
    ],
    [
      'a training range that ends before it begins',
      ['quality', '--train-start', '2025-01-01', '--to', '2024-01-01'],
      'saw 2025-01-01 and 2024-01-01',
    ],
    [
      'a mode for games that have begun',
      ['day', '2025-01-10', '--mode', 'FIRST'],
      'FIRST predicts before tip-off only',
    ],
    ['a resume where nothing ever ran', ['backfill', 'resume'], 'none has run here yet'],
  ])('exits with 2 for %s, and says what was seen and what to do', async (_what, args, seen) => {
    const { code, err } = await tipoff(...args);
    expect(code).toBe(2);
    expect(err).toMatch(/^TIPOFF_\w+: .+\n {2}\S/);
    expect(err).toContain(seen);
  });

  it('exits with 1 for training data that is not there: nothing seen is no proof', async () => {
    const { code, out } = await tipoff('quality', '--recent');
    expect(code).toBe(1);
    expect(out).toMatch(/Training data: no rows from .* nothing seen is no proof$/m);
  });

  it('prints one JSON document with --json, errors included', async () => {
    const fine = await tipoff('publish', 'list', '--json');
    expect(JSON.parse(fine.out)).toEqual([]);
    const bad = await tipoff('day', 'someday', '--json');
    expect(bad.code).toBe(2);
    expect(JSON.parse(bad.out)).toMatchObject({
      error: { code: 'TIPOFF_BAD_INPUT', hint: expect.any(String) },
    });
  });

  it('says that a slate without games has nothing to predict', async () => {
    const { code, out } = await tipoff('day', '2025-07-10', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      slate: '2025-07-10',
      games: 0,
      expected: 0,
      predicted: 0,
      state: 'no_games',
      publication_id: null,
    });
  });
});

describe('ingest', () => {
  it('loads what it recognises once, and says 0 the second time', async () => {
    const path = file('logs.csv', `${LOGS_HEADER}\n${LOG}\n`);
    const first = JSON.parse((await tipoff('ingest', path, '--json')).out);
    expect(first).toMatchObject({ read: 1, loaded: 1, duplicate: 0, rejected: 0, failed: 0 });
    const second = JSON.parse((await tipoff('ingest', path, '--json')).out);
    expect(second).toMatchObject({ read: 1, loaded: 0, duplicate: 1, rejected: 0, failed: 0 });
  });

  it('says how the commands of a report reach a home that was named, in words that a shell reads back', async () => {
    const home = join(folder.path, "a b's home");
    await homeWithoutRows(home);
    const ran = await tipoff('canary', 'run', '--at', '2025-01-10T23:00:00Z', '--home', home);
    expect(ran.out.trimEnd().split('\n').at(-1)).toBe(
      `The commands above are for this home after: export TIPOFF_HOME='${join(folder.path, "a b'\\''s home")}'`,
    );
    const found = await tipoff('status', '--at', '2025-01-10T23:00:00Z', '--home', home);
    expect(found.out).toContain('The commands above are for this home after: export TIPOFF_HOME=');
  });

  it.each([['status'], ['day', '2025-01-10'], ['canary', 'run'], ['serve']])(
    'makes no home for %s, and says how to get one',
    async (...args) => {
      const missing = join(folder.path, 'missing');
      const { code, err } = await tipoff(...args, '--home', missing);
      expect([code, err, existsSync(missing)]).toEqual([
        2,
        expect.stringMatching(
          /^TIPOFF_NOT_FOUND: expected a home at .*missing, saw none\n {2}.*tipoff restore/,
        ),
        false,
      ]);
    },
  );

  it('keeps real rows out of the home of a demonstration, and says which home it was', async () => {
    writeFileSync(join(folder.path, 'home', DEMONSTRATION_MARKER), '{}');
    for (const args of [
      ['ingest', file('logs.csv', `${LOGS_HEADER}\n${LOG}\n`)],
      ['fetch', '2025-01-11'],
    ]) {
      const { code, err } = await tipoff(...args);
      expect([code, err]).toEqual([2, expect.stringContaining('home, which holds the demonstration')]);
    }
  });

  it.each([
    ['an empty file', () => file('empty.csv', ''), 'empty'],
    [
      'a truncated JSON',
      () => file('cut.json', '{"meta":{"version":1},"leagueSchedule":{"gameDates":[{"gameDa'),
      'cut.json',
    ],
    ['a file of no known format', () => file('notes.txt', 'hello'), 'notes.txt: expected one of'],
    ['binary data', () => file('photo.csv', '\u0000\u0001\u0002\u0003'), 'binary data'],
    ['a missing file', () => join(folder.path, 'nowhere.csv'), 'nowhere.csv'],
    ['a folder without files', () => emptyFolder('nothing'), 'nothing'],
  ])('exits with 2 for %s, loads the rest and names the file', async (_what, make, seen) => {
    const good = file('logs.csv', `${LOGS_HEADER}\n${LOG}\n`);
    const { code, out } = await tipoff('ingest', make(), good, '--json');
    expect(code).toBe(2);
    const report = JSON.parse(out);
    expect(report).toMatchObject({ failed: 1, loaded: 1 });
    const failed = report.files.find((one: { outcome: string }) => one.outcome === 'failed');
    expect(`${failed.path} ${failed.message}`).toContain(seen);
    expect(failed.hint).not.toBe('');
  });

  it.each([
    ['an impossible date', LOG.replace('2024-10-22', '2024-02-30'), 'impossible_date'],
    ['an unknown team', LOG.replaceAll('BOS', 'ZZZ'), 'unknown_team'],
  ])(
    'quarantines %s with the reason, loads the rest, and exits with 2 for a file that was named',
    async (_what, row, reason) => {
      const other = LOG.replace(',7,Invented', ',8,Another');
      const { code, out } = await tipoff(
        'ingest',
        file('logs.csv', `${LOGS_HEADER}\n${row}\n${other}\n`),
        '--json',
      );
      expect(code).toBe(2);
      expect(JSON.parse(out)).toMatchObject({
        read: 2,
        loaded: 1,
        rejected: 1,
        damaged: 1,
        reasons: { [reason]: 1 },
      });
    },
  );

  it('takes a folder as it is: damaged rows in it are counted and quarantined, and no error', async () => {
    const path = file('logs.csv', `${LOGS_HEADER}\n${LOG.replace('2024-10-22', '2024-02-30')}\n`);
    const { code, out } = await tipoff('ingest', dirname(path), '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ read: 1, loaded: 0, rejected: 1, damaged: 0 });
  });

  it('does not call a quote damaged that only came after tip-off', async () => {
    const before = PRA_IN_PLAY.replace('2023-11-06T01:30:00Z', '2023-11-05T20:00:00Z');
    const path = file('pra.csv', `${PRA_HEADER}\n${before}\n${PRA_IN_PLAY}\n`);
    const schedule = file('schedule.csv', PRA_SCHEDULE);
    const { code, out } = await tipoff('ingest', schedule, path, '--json');
    expect(JSON.parse(out)).toMatchObject({ rejected: 1, damaged: 0, reasons: { in_play_snapshot: 1 } });
    expect(code).toBe(0);
  });

  it.each([
    ['a header alone', ''],
    ['quotes of which none was in time', `${PRA_IN_PLAY}\n`],
  ])('exits with 2 for a named file that brings nothing: %s', async (_what, rows) => {
    const path = file('pra.csv', `${PRA_HEADER}\n${rows}`);
    const { code, out } = await tipoff('ingest', file('schedule.csv', PRA_SCHEDULE), path, '--json');
    expect([code, JSON.parse(out).nothing_loaded]).toEqual([2, ['pra.csv']]);
  });
});

describe('tables', () => {
  it('stand numbers to the right and text to the left', () => {
    expect(
      tableLines(
        ['name', 'n'],
        [
          ['a', 5],
          ['longer', 12],
        ],
      ),
    ).toEqual(['name     n', '------  --', 'a        5', 'longer  12']);
  });
});

describe('example', () => {
  it('says in words that it cannot write, before a league is played', async () => {
    const { code, err } = await tipoff('example', join(file('in-the-way', ''), 'files'));
    expect([code, err]).toEqual([
      3,
      expect.stringContaining('TIPOFF_STORAGE: the files could not be written to'),
    ]);
  });
});
