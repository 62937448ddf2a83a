import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addDays, easternInstant, parseSlate, type Slate } from '#core/calendar.ts';
import {
  availabilityReports,
  type InjuryReport,
  injuryReports,
  playerBoxScores,
  teamStatements,
} from '#core/contracts/nba_raw.ts';
import { players, schedule } from '#core/contracts/nba_reference.ts';
import { canaryNamed } from '#guard/canaries/catalogue/catalogue.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import { gameRow } from '#test/fakes/prediction-world.ts';
import { emptyWorld, type TestWorld } from './world.ts';

const SLATE = parseSlate('2025-01-11');
const TEAMS = ['BOS', 'NYK', 'LAL', 'DEN'] as const;
/** Five of every team are on its list: two out, two in doubt, one in the G League. */
const LISTED = 5;
const STATUSES = ['out', 'out', 'probable', 'questionable', 'out'];
const HOURS = ['11:00', '13:30', '17:30'];

type Said = Pick<
  InjuryReport,
  'report_at' | 'slate' | 'team_abbr' | 'opponent_abbr' | 'player_lookup' | 'status' | 'reason'
>;
const opponentOf = (team: string): string => TEAMS[TEAMS.indexOf(team as never) ^ 1] ?? '';
const at = (slate: Slate, hour: string): string => easternInstant(slate, hour).toISOString();
const isOf = ({ player_lookup }: Said, ...numbers: number[]): boolean =>
  numbers.some((i) => player_lookup.endsWith(String(i)));

describe('reports_plausible', () => {
  let world: TestWorld;
  beforeEach(async () => {
    world = await emptyWorld();
    const slates = Array.from({ length: 8 }, (_, i) => addDays(SLATE, i - 7));
    await world.warehouse.append(
      schedule,
      slates.flatMap((slate, n) =>
        [0, 1].map((i) => ({
          ...gameRow(slate, 2 * n + i, easternInstant(slate, '19:30').toISOString()),
          home_abbr: TEAMS[2 * i] ?? '',
          away_abbr: TEAMS[2 * i + 1] ?? '',
        })),
      ),
    );
    await world.warehouse.append(
      players,
      Array.from({ length: 120 }, (_, i) => {
        const name = `${TEAMS[i % 4]?.toLowerCase()}${Math.floor(i / 4)}`;
        return {
          player_id: 1 + i,
          player_name: name,
          player_lookup: name,
          first_slate: '2023-10-24',
          last_slate: '2025-01-01',
        };
      }),
    );
    await world.warehouse.append(
      playerBoxScores,
      TEAMS.flatMap((team_abbr) =>
        Array.from({ length: LISTED }, (_, i) => ({
          slate: addDays(SLATE, -6),
          game_id: `0022400${TEAMS.indexOf(team_abbr)}`,
          season: '2024-25',
          season_type: 'regular',
          team_abbr,
          opponent_abbr: opponentOf(team_abbr),
          is_home: true,
          player_id: 1 + 4 * i + TEAMS.indexOf(team_abbr),
          player_name: `${team_abbr}${i}`,
          player_lookup: `${team_abbr.toLowerCase()}${i}`,
          played: true,
          source: 'test',
          source_file: 'test',
          row_id: `box-${team_abbr}-${i}`,
          ingested_at: at(SLATE, '06:00'),
        })),
      ),
    );
    for (const slate of slates.slice(0, -1)) await report(slate, (said) => said);
  });
  afterEach(() => world.close());

  /** The reports of a day, each with what it counts; what of them came in may be another thing. */
  const report = async (slate: Slate, change: (said: Said) => Said | undefined): Promise<void> => {
    const said: Said[] = HOURS.flatMap((hour) =>
      TEAMS.flatMap((team_abbr) =>
        Array.from({ length: LISTED }, (_, i) => ({
          report_at: at(slate, hour),
          slate,
          team_abbr,
          opponent_abbr: opponentOf(team_abbr),
          player_lookup: `${team_abbr.toLowerCase()}${i}`,
          status: STATUSES[i] ?? '',
          reason: i === LISTED - 1 ? 'G League - Two-Way' : 'Injury/Illness - Left Knee; Sprain',
        })),
      ),
    );
    await world.warehouse.append(
      availabilityReports,
      HOURS.map((hour) => ({
        report_at: at(slate, hour),
        player_statements: TEAMS.length * LISTED,
        team_statements: 0,
        source: 'test',
        source_file: 'test',
        row_id: `report-${slate}-${hour}`,
        ingested_at: at(slate, hour),
      })),
    );
    await load(said.flatMap((one) => change(one) ?? []));
  };
  const load = async (said: readonly Said[], ingested_at?: string): Promise<void> => {
    await world.warehouse.append(
      injuryReports,
      said.map((one, i) => ({
        ...one,
        player_name: one.player_lookup,
        source: 'test',
        source_file: 'test',
        row_id: `${one.slate}-${i}-${ingested_at ?? ''}`,
        ingested_at: ingested_at ?? one.report_at,
      })),
    );
  };

  const failing = async (): Promise<readonly string[]> => {
    const { results } = await runCanaries(world, {
      canaries: [canaryNamed('reports_plausible')],
      asOf: easternInstant(SLATE, '17:45'),
    });
    expect(results[0]?.status).toBe(results[0]?.offenders.length === 0 ? 'pass' : 'fail');
    return results[0]?.offenders ?? [];
  };
  const isLate = ({ report_at }: Said): boolean => report_at > at(SLATE, '12:00');

  test.each<[string, (said: Said) => Said | undefined]>([
    ['a day as any other', (said) => said],
    [
      'doubts that end, one injured player who returns at once, and everybody back from the G League',
      (said) => {
        if (!isLate(said)) return said;
        const isBack = isOf(said, 3, 4) || said.player_lookup === 'bos0';
        return isBack ? { ...said, status: 'available' } : said;
      },
    ],
    [
      'a new name on every list, and two players who were traded today',
      (said) => {
        if (isOf(said, 2)) return { ...said, player_lookup: `${said.team_abbr.toLowerCase()}new` };
        const other = { bos0: 'lal0', lal0: 'bos0' }[said.player_lookup];
        return other === undefined ? said : { ...said, player_lookup: other };
      },
    ],
  ])('%s is silent', async (_name, change) => {
    await report(SLATE, change);
    expect(await failing()).toEqual([]);
  });

  test('a team that has not submitted its list yet is silent, and one whose list is gone is told', async () => {
    await report(SLATE, (said) => said);
    // A last report that counts fifteen: the list of one team is not in it.
    const last = at(SLATE, '17:40');
    const later = { source: 'test', source_file: 'test', ingested_at: last };
    await world.warehouse.append(availabilityReports, [
      { ...later, report_at: last, player_statements: 15, team_statements: 1, row_id: 'last' },
    ]);
    const statuses = TEAMS.slice(1).flatMap((team_abbr) =>
      Array.from({ length: LISTED }, (_, i) => ({
        report_at: last,
        slate: SLATE,
        team_abbr,
        opponent_abbr: opponentOf(team_abbr),
        player_lookup: `${team_abbr.toLowerCase()}${i}`,
        status: STATUSES[i] ?? '',
        reason: null,
      })),
    );
    await load(statuses, last);
    expect(await failing()).toEqual(['BOS: was listed before, and is not in the newest report']);
    const moveTipoff = (seconds: number): Promise<number> =>
      world.warehouse.execute(
        `UPDATE nba_reference.schedule SET tipoff_at = fn.add_seconds(tipoff_at, @seconds) WHERE slate = CAST(@slate AS DATE) AND home_abbr = 'BOS'`,
        { slate: SLATE, seconds },
      );
    // A game that has begun is in no report any more.
    await moveTipoff(-7200);
    expect(await failing()).toEqual([]);
    await moveTipoff(7200);
    await world.warehouse.append(teamStatements, [
      {
        ...later,
        report_at: last,
        slate: SLATE,
        team_abbr: 'BOS',
        opponent_abbr: 'NYK',
        statement: 'not_yet_submitted',
        row_id: 'pending',
      },
    ]);
    expect(await failing()).toEqual([]);
  });

  test.each<[string, (said: Said) => Said | undefined, readonly (string | RegExp)[]]>([
    [
      'without one statement',
      (said) => (said.player_lookup === 'bos1' && !isLate(said) ? undefined : said),
      [/^report of 2025-01-11 16:00.*: 19 of 20 statements are in$/],
    ],
    [
      'with two teams in each other’s place',
      (said) => ({ ...said, team_abbr: { BOS: 'LAL', LAL: 'BOS' }[said.team_abbr] ?? said.team_abbr }),
      ['BOS against DEN: no such game tonight', 'LAL against NYK: no such game tonight'],
    ],
    [
      'with the opponents in the place of the teams',
      (said) => ({ ...said, team_abbr: opponentOf(said.team_abbr), opponent_abbr: said.team_abbr }),
      ['teams of the players: 20 of 20 last played for another'],
    ],
    [
      'with names that nobody has',
      (said) => ({ ...said, player_lookup: `${said.player_lookup}x` }),
      ['names of the players: 20 of 20 unknown'],
    ],
    [
      'that take back a fifth of those who were out',
      (said) =>
        isLate(said) && ['bos0', 'nyk0', 'den0'].includes(said.player_lookup)
          ? { ...said, status: 'available' }
          : said,
      ['no longer out: 3 of 8 who were said to be'],
    ],
    [
      'with everybody out',
      (said) => ({ ...said, status: 'out' }),
      ['nobody but those who are out: 16 of 16 listed have been out all day'],
    ],
    [
      'of which the first has nobody out',
      (said) => (isLate(said) ? said : { ...said, status: 'questionable' }),
      ['nobody out: 16 listed in a report'],
    ],
  ])('reports %s are told', async (_name, change, offenders) => {
    await report(SLATE, change);
    expect(await failing()).toEqual(
      offenders.map((offender) =>
        typeof offender === 'string' ? offender : expect.stringMatching(offender),
      ),
    );
  });

  test('the check passes again once the right report is loaded over the wrong one', async () => {
    const wrong = (said: Said) => (isLate(said) ? said : { ...said, status: 'questionable' });
    await report(SLATE, wrong);
    expect(await failing()).toHaveLength(1);
    const right = TEAMS.flatMap((team_abbr) =>
      Array.from({ length: LISTED }, (_, i) => ({
        report_at: at(SLATE, '11:00'),
        slate: SLATE,
        team_abbr,
        opponent_abbr: opponentOf(team_abbr),
        player_lookup: `${team_abbr.toLowerCase()}${i}`,
        status: STATUSES[i] ?? '',
        reason: null,
      })),
    );
    await load(right, at(SLATE, '17:40'));
    expect(await failing()).toEqual([]);
  });
});
