import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { nbaShotChart } from '#pipeline/ingest/formats/nba-games.ts';
import { shotsZip } from '#pipeline/ingest/formats/shots.ts';
import { jsonFile, outcome } from './fixtures.ts';

const SHOT = {
  TEAM_ID: '1610612738',
  PLAYER_ID: '101',
  GAME_DATE: '11-03-2023',
  GAME_ID: '22300003',
  HOME_TEAM: 'BOS',
  AWAY_TEAM: 'UTA',
  SHOT_MADE: 'TRUE',
  SHOT_TYPE: '2PT Field Goal',
  BASIC_ZONE: 'Restricted Area',
  LOC_X: '-0.4',
  LOC_Y: '17.45',
  SHOT_DISTANCE: '12',
  QUARTER: '1',
  MINS_LEFT: '11',
  SECS_LEFT: '1',
};
const text = (value: string) => new TextEncoder().encode(value);
const csv = (...shots: Partial<typeof SHOT>[]) =>
  [Object.keys(SHOT).join(','), ...shots.map((shot) => Object.values({ ...SHOT, ...shot }).join(','))].join(
    '\n',
  );
const zip = async (entries: Record<string, Uint8Array>) =>
  shotsZip.parse({ path: 'shots.csv.zip', bytes: zipSync(entries) });
const parse = async (...shots: Partial<typeof SHOT>[]) => zip({ 'shots.csv': text(`${csv(...shots)}\n`) });

describe('archived shots', () => {
  it('reads a shot, restores its game id and ignores what macOS adds to an archive', async () => {
    const parsed = await zip({
      'shots.csv': text(csv({})),
      '__MACOSX/._shots.csv': text('nothing of interest'),
    });
    expect(outcome(parsed)).toEqual({ read: 1, rows: 1, duplicates: 0, rejected: [] });
    expect(parsed.rows[0]?.record).toEqual({
      game_id: '0022300003',
      slate: '2023-11-03',
      season: '2023-24',
      player_id: 101,
      team_id: 1610612738,
      team_abbr: 'BOS',
      opponent_abbr: 'UTA',
      zone: 'paint',
      basic_zone: 'Restricted Area',
      made: true,
      points_value: 2,
      distance_feet: 12,
      loc_x: -0.4,
      loc_y: 17.45,
      period: 1,
      seconds_left: 661,
      shot_ordinal: 0,
    });
  });

  it.each([
    ['In The Paint (Non-RA)', 'paint'],
    ['Mid-Range', 'mid_range'],
    ['Above the Break 3', 'three'],
    ['Left Corner 3', 'three'],
    ['Right Corner 3', 'three'],
    ['Backcourt', 'three'],
  ])('puts %s into the zone %s', async (BASIC_ZONE, zone) => {
    const { rows } = await parse({ BASIC_ZONE });
    expect(rows[0]?.record['zone']).toBe(zone);
  });

  it('numbers shots that are equal in everything else', async () => {
    const { rows } = await parse({}, { SHOT_MADE: 'FALSE' }, { SECS_LEFT: '2' }, {});
    expect(rows.map(({ record }) => record['shot_ordinal'])).toEqual([0, 1, 0, 2]);
  });

  it.each([
    ['a game of another league', { GAME_ID: '2021900002' }, 'unknown_game game_id'],
    ['a date that does not exist', { GAME_DATE: '02-30-2024' }, 'impossible_date GAME_DATE'],
    ['an unknown team', { TEAM_ID: '99' }, 'unknown_team team_id'],
    ['an All-Star game', { GAME_ID: '0032400001' }, 'all_star_game game_id'],
    ['a team of another game', { TEAM_ID: '1610612737' }, 'impossible_value team_id'],
    ['a zone that is none', { BASIC_ZONE: 'Moon' }, 'impossible_value basic_zone'],
    ['a result that is none', { SHOT_MADE: 'maybe' }, 'impossible_value shot_made'],
    ['a type that is none', { SHOT_TYPE: '4PT Field Goal' }, 'impossible_value shot_type'],
    ['no player', { PLAYER_ID: '' }, 'missing_field player_id'],
    ['a distance that is no number', { SHOT_DISTANCE: 'far' }, 'bad_number shot_distance'],
    ['a place that is no number', { LOC_X: 'left' }, 'bad_number LOC_X'],
    ['more time than a period has', { MINS_LEFT: '13' }, 'impossible_value seconds_left'],
    ['period 0', { QUARTER: '0' }, 'impossible_value seconds_left'],
  ])('rejects %s', async (_what, change, reason) => {
    expect(outcome(await parse(change, {}))).toEqual({ read: 2, rows: 1, duplicates: 0, rejected: [reason] });
  });

  it.each([
    ['an empty file', new Uint8Array()],
    ['bytes that are no archive', text('PK but not really')],
    ['a truncated archive', zipSync({ 'shots.csv': text(csv({}, {}, {})) }).slice(0, 60)],
    ['an archive without CSV', zipSync({ 'readme.txt': text('shots are elsewhere') })],
    ['an archive with two', zipSync({ 'a.csv': text(csv({})), 'b.csv': text(csv({})) })],
    ['a CSV of something else', zipSync({ 'a.csv': text('a,b\n1,2\n') })],
  ])('refuses %s', (_what, bytes) => {
    expect(() => shotsZip.parse({ path: 'shots.zip', bytes })).toThrow(
      expect.objectContaining({ code: 'TIPOFF_BAD_INPUT' }),
    );
  });
});

describe('shot chart of the league', () => {
  const chart = (changes: Record<string, unknown> = {}) => {
    const shot = {
      GAME_ID: '0022300003',
      PLAYER_ID: 101,
      TEAM_ID: 1610612738,
      PERIOD: 1,
      MINUTES_REMAINING: 11,
      SECONDS_REMAINING: 1,
      SHOT_TYPE: '2PT Field Goal',
      SHOT_ZONE_BASIC: 'In The Paint (Non-RA)',
      SHOT_DISTANCE: 12,
      LOC_X: 4,
      LOC_Y: 122,
      SHOT_MADE_FLAG: 1,
      GAME_DATE: '20231103',
      HTM: 'BOS',
      VTM: 'UTA',
      ...changes,
    };
    const resultSets = [
      { name: 'Shot_Chart_Detail', headers: Object.keys(shot), rowSet: [Object.values(shot)] },
    ];
    return jsonFile('shots.json', { resource: 'shotchartdetail', parameters: {}, resultSets });
  };

  it('gives the same shot the same place as the archive does', async () => {
    const [archived, charted] = await Promise.all([parse({}), nbaShotChart.parse(chart())]);
    expect(charted.rows[0]?.record).toEqual({
      ...archived.rows[0]?.record,
      basic_zone: 'In The Paint (Non-RA)',
    });
  });

  it.each([
    ['another league', { GAME_ID: '2021900002' }, 'unknown_game game_id'],
    ['a date that does not exist', { GAME_DATE: '20231399' }, 'impossible_date GAME_DATE'],
  ])('rejects shots of %s', async (_what, change, reason) => {
    expect(outcome(await nbaShotChart.parse(chart(change))).rejected).toEqual([reason]);
  });
});
