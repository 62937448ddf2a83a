import { expect, it } from 'vitest';
import { FORMATS } from '#pipeline/ingest/formats/formats.ts';
import { exampleFiles } from '#simulate/example-files.ts';

const FORMAT_OF: Readonly<Record<string, string>> = {
  'schedule.csv': 'schedule_eastern_csv',
  'games_played.csv': 'schedule_played_csv',
  'player_games.csv': 'player_game_logs_csv',
  'team_games.csv': 'team_games_csv',
  'lines.csv': 'lines_threes_csv',
  'availability.csv': 'injury_report_spans_csv',
  'availability_reports.csv': 'injury_report_list_csv',
};

it('is recognised file by file, and not a row of it is refused', async () => {
  const files = exampleFiles({ seed: 3, teams: 6, gamesPerTeam: 8, playersPerTeam: 12 });
  expect(files.map(({ name }) => name)).toEqual(Object.keys(FORMAT_OF));
  for (const { name, text } of files) {
    const formats = FORMATS.filter(({ recognise }) => recognise(name, text.slice(0, 4096)));
    expect(formats.map(({ id }) => id)).toEqual([FORMAT_OF[name]]);
    const parsed = await formats[0]?.parse({ path: name, bytes: new TextEncoder().encode(text) });
    expect(parsed?.rejected, name).toEqual([]);
    expect(parsed?.rows.length, name).toBeGreaterThan(40);
    expect(parsed?.read, name).toBe(text.split('\n').length - 2);
  }
});
