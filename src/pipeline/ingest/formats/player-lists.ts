import { seasonLabel } from '#core/calendar.ts';
import { rosterPlayers } from '#core/contracts/nba_raw.ts';
import { findTeam } from '#core/teams.ts';
import type { InputFile, InputFormat, ParsedFile, ParsedRow } from '#pipeline/ingest/format.ts';
import { RowRejection } from '#pipeline/ingest/rows.ts';
import {
  collectUnits,
  isResource,
  type JsonObject,
  jsonOf,
  listIn,
  objectIn,
  parsedRow,
  payloadUnder,
  requiredCount,
  requiredPlayer,
  requiredTeam,
  requiredText,
  resultSet,
  textIn,
  unreadable,
} from './fields.ts';

/** The league's list of all players, answer `commonallplayers`: who is on whose roster in a season. A unit is a player. */
export const nbaAllPlayers: InputFormat = {
  id: 'nba_all_players_json',
  description: 'NBA.com list of players, answer commonallplayers',
  recognise: (_path, head) => isResource(head, 'commonallplayers'),
  parse: (file) =>
    readList(file, 'CommonAllPlayers', (player) => ({
      name: textIn(player['DISPLAY_FIRST_LAST']),
      isOnRoster: textIn(player['ROSTERSTATUS']) === '1',
      position: null,
      jersey: null,
    })),
};

/** The league's index of players, answer `playerindex`: roster, position and number. A unit is a player. */
export const nbaPlayerIndex: InputFormat = {
  id: 'nba_player_index_json',
  description: 'NBA.com index of players with position and number, answer playerindex',
  recognise: (_path, head) => isResource(head, 'playerindex'),
  parse: (file) =>
    readList(file, 'PlayerIndex', (player) => ({
      name: `${textIn(player['PLAYER_FIRST_NAME'])} ${textIn(player['PLAYER_LAST_NAME'])}`.trim(),
      isOnRoster: Number(textIn(player['ROSTER_STATUS'])) === 1,
      position: textIn(player['POSITION']) || null,
      jersey: textIn(player['JERSEY_NUMBER']) || null,
    })),
};

/** ESPN's roster of a team, answer of `/teams/<id>?enable=roster`. Players have ESPN's ids. A unit is a player. */
export const espnRoster: InputFormat = {
  id: 'espn_roster_json',
  description: 'ESPN roster of a team',
  recognise: (_path, head) => /^\uFEFF?\s*\{\s*"team"\s*:\s*\{\s*"id"\s*:\s*"\d+"\s*,\s*"uid"/.test(head),
  parse: (file) => {
    const team = payloadUnder(file, 'team');
    const athletes = team['athletes'];
    if (!Array.isArray(athletes)) throw unreadable(file, 'a list under "athletes"', typeof athletes);
    const units = collectUnits();
    athletes.map(objectIn).forEach((athlete, index) => {
      units.unit(
        index + 1,
        () => JSON.stringify(athlete),
        () => athleteRow(athlete, team, index + 1, file),
      );
    });
    return units.result();
  },
};

function athleteRow(athlete: JsonObject, team: JsonObject, line: number, file: InputFile): ParsedRow {
  const { player_name, player_lookup } = requiredPlayer('displayName', textIn(athlete['displayName']));
  const debut = textIn(athlete['debutYear']);
  return parsedRow(
    rosterPlayers,
    {
      observed_at: file.fetchedAt ?? null,
      season: null,
      player_id: null,
      provider_player_id: requiredText('id', textIn(athlete['id'])),
      player_name,
      player_lookup,
      team_abbr: requiredTeam('team', textIn(team['displayName'])).abbr,
      is_on_roster: true,
      position: textIn(objectIn(athlete['position'])['abbreviation']) || null,
      jersey: textIn(athlete['jersey']) || null,
      from_year: debut === '' ? null : requiredCount('debutYear', debut),
      to_year: null,
    },
    line,
  );
}

interface ListedPlayer {
  readonly name: string;
  readonly isOnRoster: boolean;
  readonly position: string | null;
  readonly jersey: string | null;
}

/** Reads a table of the league's statistics service, whose columns change their order now and then. */
function readList(file: InputFile, table: string, read: (player: JsonObject) => ListedPlayer): ParsedFile {
  const payload = objectIn(jsonOf(file));
  const isThere = listIn(payload['resultSets'])
    .map(objectIn)
    .some(({ name, rowSet }) => name === table && Array.isArray(rowSet));
  if (!isThere) throw unreadable(file, `a result set ${table}`, 'none');
  const season = seasonIn(textIn(objectIn(payload['parameters'])['Season']));
  const units = collectUnits();
  resultSet(payload, table).forEach((player, index) => {
    units.unit(
      index + 1,
      () => JSON.stringify(player),
      () => {
        const { name, isOnRoster, position, jersey } = read(player);
        return parsedRow(
          rosterPlayers,
          {
            observed_at: file.fetchedAt ?? null,
            season,
            player_id: playerId(player['PERSON_ID']),
            provider_player_id: null,
            ...playerName(name),
            team_abbr: teamOf(player['TEAM_ID']),
            is_on_roster: isOnRoster,
            position,
            jersey,
            from_year: requiredCount('FROM_YEAR', player['FROM_YEAR']),
            to_year: requiredCount('TO_YEAR', player['TO_YEAR']),
          },
          index + 1,
        );
      },
    );
  });
  return units.result();
}

function playerName(name: string): { player_name: string; player_lookup: string } {
  const { player_name, player_lookup } = requiredPlayer('name', name);
  return { player_name, player_lookup };
}

function playerId(value: unknown): number {
  const id = requiredCount('PERSON_ID', value);
  if (id === 0) throw new RowRejection('PERSON_ID', 'impossible_value', 'expected the id of a player, saw 0');
  return id;
}

/** The team, or null for the id 0 of a man without one. Throws RowRejection unknown_team for any other id that is no team's. */
function teamOf(value: unknown): string | null {
  const id = textIn(value);
  return id === '' || id === '0' ? null : (findTeam(id) ?? requiredTeam('TEAM_ID', id)).abbr;
}

/** "2025-26" when it is a season, otherwise null. */
function seasonIn(text: string): string | null {
  const start = Number(text.slice(0, 4));
  return Number.isInteger(start) && start > 1900 && seasonLabel(start) === text ? text : null;
}
