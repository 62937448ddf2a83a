import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { newOwnCheck, readOwnCheck } from '#guard/canaries/own.ts';

const GOOD = newOwnCheck('two_teams');
const read = (text: string, taken: readonly string[] = []) =>
  readOwnCheck('checks/two_teams.yaml', text, new Set(taken));

/** The good file with one line exchanged. */
const withLine = (line: string | RegExp, other: string): string => {
  const text = GOOD.replace(line, other);
  if (text === GOOD) throw new Error('nothing was exchanged');
  return text;
};

describe('a file of a check of the user’s own', () => {
  test('the first one that is written keeps all rules', () => {
    const file = read(GOOD);
    expect(file).toMatchObject({
      check: {
        id: 'two_teams',
        looksAt: 'slate',
        severity: [{ by: '00:00', severity: 'warning' }],
        runbook: 'checks/two_teams.yaml',
        whenEmpty: { pass: 'no game is scheduled on this day' },
        look: { maxRows: 10_000, maxSeconds: 20 },
        sabotage: { sql: [expect.stringContaining('UPDATE nba_reference.schedule')] },
      },
    });
  });

  test('severities may climb, and what is left out has a default', () => {
    const steps =
      "severity: [{ by: '15:00', severity: info }, { by: '18:00', before_tip: 30, severity: critical }]";
    expect(read(withLine(/^severity: warning$/m, steps))).toMatchObject({
      check: {
        severity: [
          { by: '15:00', severity: 'info' },
          { by: '18:00', beforeTip: 30, severity: 'critical' },
        ],
        phase: 'operations',
        dependsOn: [],
      },
    });
    expect(read(GOOD.replace(/^sabotage: .*$/m, ''))).not.toHaveProperty('check.sabotage');
  });

  const lineOf = (text: string, part: string): number =>
    text.split('\n').findIndex((line) => line.includes(part)) + 1;
  const bad: readonly (readonly [what: string, text: string, at: string, said: RegExp])[] = [
    ['no YAML', withLine('owner: data', 'owner: [data'), 'repair:', /no YAML/],
    [
      'a field that there is not',
      withLine('looks_at: slate', 'look_at: slate'),
      'look_at: slate',
      /look_at: there is no such field/,
    ],
    [
      'a severity that there is not',
      withLine(/^severity: warning$/m, 'severity: loud'),
      'severity: loud',
      /severity/,
    ],
    ['an id in capitals', withLine('id: two_teams', 'id: TwoTeams'), 'id: TwoTeams', /lower case/],
    ['no statement', GOOD.replace(/^sql: \|\n(?: {2}.*\n)+/m, ''), '', /sql/],
    [
      'two statements',
      withLine('  WHERE slate = CAST(@slate AS DATE)', '  WHERE TRUE; DROP TABLE x'),
      'SELECT game_id',
      /one statement, saw a second one/,
    ],
    [
      'a statement that changes something',
      withLine(/ {2}SELECT game_id.*\n.*\n.*\n/, '  DELETE FROM nba_reference.schedule\n'),
      'DELETE FROM',
      /begin with SELECT or WITH, saw DELETE/,
    ],
    [
      'a parameter that there is not',
      withLine('slate = CAST(@slate AS DATE)\n#', 'slate = CAST(@today AS DATE)\n#'),
      '@today',
      /expected @slate, @from or @as_of, saw @today/,
    ],
    [
      'SQL of one engine only',
      withLine('FROM nba_reference.counted_games', 'FROM nba_reference.counted_games g, UNNEST([1]) x'),
      'UNNEST',
      /./,
    ],
    [
      'a read of every season',
      withLine('FROM nba_reference.counted_games', 'FROM nba_raw.player_lines p').replace(
        '  WHERE slate = CAST(@slate AS DATE)\n#',
        '#',
      ),
      'player_lines',
      /expected a bound on slate of nba_raw.player_lines/,
    ],
    [
      'a sabotage that reads',
      withLine(/^sabotage: .*$/m, 'sabotage: SELECT 1 AS one'),
      'sabotage:',
      /saw SELECT/,
    ],
  ];
  test.each(bad)('%s is said with file and line', (_what, text, at, said) => {
    const file = read(text);
    if (!('problem' in file)) throw new Error('expected a problem');
    const [, line, words] = /^checks\/two_teams\.yaml, line (\d+): (.*)$/s.exec(file.problem) ?? [];
    expect(words).toMatch(said);
    if (at !== '') expect(Number(line)).toBe(lineOf(text, at));
  });

  test('the example of the documentation keeps all rules', async () => {
    const [, example = ''] =
      /```yaml\n(id: prices_of_my_book\n[\s\S]*?)```/.exec(await readFile('docs/operations.md', 'utf8')) ??
      [];
    expect(read(example)).toMatchObject({ check: { id: 'prices_of_my_book', tolerates: { share: 0.05 } } });
  });

  test('an id is given once', () => {
    expect(read(GOOD, ['two_teams'])).toMatchObject({
      problem: 'checks/two_teams.yaml, line 2: id: another check is called two_teams already',
    });
  });
});
