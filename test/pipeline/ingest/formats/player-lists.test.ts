import { describe, expect, it } from 'vitest';
import { nbaAllPlayers, nbaPlayerIndex } from '#pipeline/ingest/formats/player-lists.ts';
import { jsonFile, outcome } from './fixtures.ts';

const BOSTON = 1610612738;
const answer = (resource: string, name: string, rows: readonly Readonly<Record<string, unknown>>[]) => {
  const headers = Object.keys(rows[0] ?? { PERSON_ID: 0 });
  return {
    resource,
    parameters: { LeagueID: '00', Season: '2025-26' },
    resultSets: [{ name, headers, rowSet: rows.map((row) => headers.map((header) => row[header] ?? null)) }],
  };
};
const listed = {
  PERSON_ID: 99001,
  DISPLAY_FIRST_LAST: 'Toven Obrand Jr.',
  ROSTERSTATUS: 1,
  FROM_YEAR: '2025',
  TO_YEAR: '2025',
  TEAM_ID: BOSTON,
};
const indexed = {
  TEAM_ID: BOSTON,
  PERSON_ID: 99001,
  PLAYER_LAST_NAME: 'Obrand Jr.',
  PLAYER_FIRST_NAME: 'Toven',
  JERSEY_NUMBER: '9',
  POSITION: 'F',
  ROSTER_STATUS: 1,
  FROM_YEAR: '2025',
  TO_YEAR: '2025',
};
const all = (...rows: Readonly<Record<string, unknown>>[]) =>
  jsonFile('x.json', answer('commonallplayers', 'CommonAllPlayers', rows));

describe('lists of players', () => {
  it('know a rookie and his team before his first game', async () => {
    const parsed = await nbaAllPlayers.parse({ ...all(listed), fetchedAt: '2025-10-20T12:00:00.000Z' });
    expect(parsed.rows.map(({ record }) => record)).toEqual([
      {
        observed_at: '2025-10-20T12:00:00.000Z',
        season: '2025-26',
        player_id: 99001,
        provider_player_id: null,
        player_name: 'Toven Obrand Jr.',
        player_lookup: 'tovenobrand',
        team_abbr: 'BOS',
        is_on_roster: true,
        position: null,
        jersey: null,
        from_year: 2025,
        to_year: 2025,
      },
    ]);
  });

  it('read the index by the names of its columns, in any order', async () => {
    const turned = Object.fromEntries(Object.entries(indexed).reverse());
    for (const row of [indexed, turned]) {
      const { rows } = await nbaPlayerIndex.parse(
        jsonFile('x.json', answer('playerindex', 'PlayerIndex', [row])),
      );
      expect(rows[0]?.record).toMatchObject({
        player_id: 99001,
        player_name: 'Toven Obrand Jr.',
        team_abbr: 'BOS',
        position: 'F',
        jersey: '9',
      });
    }
  });

  it('keep players without a team, who are on no roster', async () => {
    const { rows } = await nbaAllPlayers.parse(all({ ...listed, ROSTERSTATUS: 0, TEAM_ID: 0 }));
    expect(rows[0]?.record).toMatchObject({ team_abbr: null, is_on_roster: false, observed_at: null });
  });

  it.each([
    ['a player without a name', { DISPLAY_FIRST_LAST: '' }, 'no_player name'],
    ['a player without an id', { PERSON_ID: 0 }, 'impossible_value PERSON_ID'],
    ['a team of another league', { TEAM_ID: 1612709889 }, 'unknown_team TEAM_ID'],
    ['a year that is none', { FROM_YEAR: 'rookie' }, 'bad_number FROM_YEAR'],
  ])('reject %s and keep the rest', async (_what, changes, reason) => {
    const parsed = await nbaAllPlayers.parse(all(listed, { ...listed, ...changes }));
    expect(outcome(parsed)).toEqual({ read: 2, rows: 1, duplicates: 0, rejected: [reason] });
  });

  it('refuse an answer without its table', () => {
    const other = jsonFile('x.json', answer('commonallplayers', 'Something', [listed]));
    expect(() => nbaAllPlayers.parse(other)).toThrow(expect.objectContaining({ code: 'TIPOFF_BAD_INPUT' }));
  });
});
