import { describe, expect, it } from 'vitest';
import { FEED_FORMATS, MARKET_AND_PAYLOAD_FORMATS } from '#pipeline/ingest/formats/formats.ts';
import { liveGame } from './fixtures.ts';

const KNOWN = [...MARKET_AND_PAYLOAD_FORMATS, ...FEED_FORMATS];
const recognisers = (path: string, head: string) =>
  KNOWN.filter((format) => format.recognise(path, head)).map(({ id }) => id);
const meta = { version: 1, time: '2025-01-11T05:00:00Z' };

describe('recognition', () => {
  it.each([
    [
      '01_10_2025.csv',
      'player,market,bookmaker,side,line,price,home_team,away_team,game_id,commence_time\n',
      'lines_dfs_csv',
    ],
    [
      'x.csv',
      '\uFEFFplayer_name,event_id,event_date,home_team,away_team,bookmaker,line,timestamp,over_price,under_price\r\n',
      'lines_pra_csv',
    ],
    ['x.csv', 'player,game,game_time,market,line,bookmaker,over_odds,under_odds\n', 'lines_threes_csv'],
    ['x.json', '[{"id": "e", "sport_key": "basketball_nba", "bookmakers": []}]', 'odds_api_events_json'],
    ['a/CLOSING.parquet', '', 'game_lines_parquet'],
    ['a/shots.csv.zip', '', 'shots_zip'],
    ['x.json', '{"pages": [[[270, 550, "Injury Report: 01/10/25 05:30 PM"]]]}', 'injury_report_json'],
    ['Injury-Report_2025-01-10_05PM.pdf', '', 'injury_report_pdf'],
    ['https://x/Injury-Report_2026-01-10_05_15PM.pdf', '%PDF-1.5\n', 'injury_report_pdf'],
    [
      'x.csv.gz',
      'game_date,game_time_et,matchup,team,player,status,reason,first_report_utc,last_report_utc,n_reports\n',
      'injury_report_spans_csv',
    ],
    [
      'x.csv',
      'report_utc,file,git_blob_sha1,bytes,pages,player_rows,not_yet_submitted_rows\n',
      'injury_report_list_csv',
    ],
    ['x.csv', 'player,game,game_time,market,line,bookmaker,under_odds,over_odds\n', 'lines_threes_csv'],
    [
      'x.csv',
      'player,game,game_time,market,line,bookmaker,bookmaker_last_update,market_last_update,under_odds,over_odds\n',
      'lines_threes_csv',
    ],
    [
      'x.json',
      JSON.stringify({ timestamp: '2025-01-10T22:00:00Z', status: 'success', season: {}, injuries: [] }),
      'espn_injuries_json',
    ],
    ['x.json', JSON.stringify({ leagues: [{ abbreviation: 'NBA' }], events: [] }), 'espn_scoreboard_json'],
    ['x.json', JSON.stringify({ team: { id: '2', uid: 's:40~l:46~t:2', athletes: [] } }), 'espn_roster_json'],
    ['x.json', '{"resource":"commonallplayers"}', 'nba_all_players_json'],
    ['x.json', '{"resource":"playerindex"}', 'nba_player_index_json'],
    ['x.json', JSON.stringify({ meta, boxScoreTraditional: {} }), 'nba_box_score_v3_json'],
    ['https://x/boxscore_0022400517.json', JSON.stringify(liveGame()), 'nba_box_score_live_json'],
    ['x.json', '{"g": {"mid": 1, "gid": "0021600270"}}', 'nba_box_score_mobile_json'],
    ['x.json', JSON.stringify({ meta, scoreboard: { games: [] } }, null, 2), 'nba_scoreboard_json'],
    ['x.json', '{"resource": "boxscoresummary"}', 'nba_game_summary_json'],
    ['x.json', '{"resource":"boxscore", "parameters": {}}', 'nba_box_score_v2_json'],
    ['x.json', '{"resource": "shotchartdetail"}', 'nba_shot_chart_json'],
  ])('%s %s is recognised by one format', (path, head, id) => {
    expect(recognisers(path, head)).toEqual([id]);
  });

  it.each([
    ['advanced.json', JSON.stringify({ meta, boxScoreAdvanced: { gameId: '0022400517' } })],
    ['usage.json', JSON.stringify({ meta, boxScoreUsage: { gameId: '0022400517' } })],
    ['playbyplay.json', JSON.stringify({ meta, game: { gameId: '0022400517', actions: [] } })],
    ['events.json', '[{"id": "e", "sport_key": "basketball_nba", "commence_time": "2025-01-11T00:40:00Z"}]'],
    ['schedule.json', JSON.stringify({ meta, leagueSchedule: { gameDates: [] } })],
    ['picks.csv', 'player,market,bookmaker,side,line,price,home_team,away_team,game_id,commence_time\n'],
    ['LICENSE', 'MIT License'],
    ['empty.json', ''],
  ])('%s is none of them', (path, head) => {
    expect(recognisers(path, head)).toEqual([]);
  });

  it('gives every format an id of its own', () => {
    expect(new Set(KNOWN.map(({ id }) => id)).size).toBe(KNOWN.length);
  });
});
