import { describe, expect, it } from 'vitest';
import { injuryReportList, injuryReportSpans } from '#pipeline/ingest/formats/injury-reports.ts';
import { outcome, textFile } from './fixtures.ts';

const HEADER =
  'game_date,game_time_et,matchup,team,player,status,reason,first_report_utc,last_report_utc,n_reports';
const span = (changes: Partial<Record<string, string>> = {}) => {
  const cells = {
    date: '2025-01-10',
    matchup: 'UTA@BOS',
    team: 'Boston Celtics',
    player: '"Obrand Jr., Toven"',
    status: 'Questionable',
    reason: 'Injury/Illness - Left Knee; Soreness',
    first: '2025-01-10T17:30Z',
    last: '2025-01-10T22:30Z',
    ...changes,
  };
  return [
    cells.date,
    '07:30',
    cells.matchup,
    cells.team,
    cells.player,
    cells.status,
    cells.reason,
    cells.first,
    cells.last,
    '6',
  ].join(',');
};
const parse = async (...lines: string[]) =>
  injuryReportSpans.parse(textFile('spans.csv', [HEADER, ...lines]));

describe('spans of statements', () => {
  it('are known from their first report on', async () => {
    const { rows } = await parse(span());
    expect(rows.map(({ table, record }) => [table.name, record])).toEqual([
      [
        'injury_reports',
        {
          report_at: '2025-01-10T17:30:00.000Z',
          last_report_at: '2025-01-10T22:30:00.000Z',
          slate: '2025-01-10',
          team_abbr: 'BOS',
          opponent_abbr: 'UTA',
          player_id: null,
          player_name: 'Toven Obrand Jr.',
          player_lookup: 'tovenobrand',
          status: 'questionable',
          reason: 'Injury/Illness - Left Knee; Soreness',
          status_printed: null,
          noted_at: null,
          provider_player_id: null,
        },
      ],
    ]);
  });

  it('without a player are facts about a team', async () => {
    const { rows } = await parse(
      span({ player: '', status: 'NOT YET SUBMITTED', reason: '', team: 'Utah Jazz' }),
    );
    expect(
      rows.map(({ table, record }) => [
        table.name,
        record['team_abbr'],
        record['opponent_abbr'],
        record['statement'],
      ]),
    ).toEqual([['team_statements', 'UTA', 'BOS', 'not_yet_submitted']]);
  });

  it.each([
    ['a span that ends before it begins', { last: '2025-01-10T16:30Z' }, 'impossible_value last_report_utc'],
    ['a time without a zone', { first: '2025-01-10T17:30' }, 'impossible_date first_report_utc'],
    ['a date that does not exist', { date: '2025-02-30' }, 'impossible_date game_date'],
    [
      'a team that is no guest of the league',
      { team: 'Non-NBA Team', matchup: 'UNK@UNK' },
      'unknown_team team',
    ],
    ['a team statement in words nobody knows', { player: '', status: 'LATE' }, 'bad_status statement'],
    ['a status nobody knows', { status: 'Fine' }, 'bad_status current_status'],
  ])('reject %s', async (_what, changes, reason) => {
    expect(outcome(await parse(span(), span(changes))).rejected).toEqual([reason]);
  });
});

describe('the list of reports', () => {
  it('says when there was a report, and under which label', async () => {
    const { rows } = await injuryReportList.parse(
      textFile('reports.csv', [
        'report_utc,file,git_blob_sha1,bytes,pages,player_rows,not_yet_submitted_rows',
        '2025-01-10T22:30Z,Injury-Report_2025-01-10_05PM.pdf,aa,64358,2,7,20',
      ]),
    );
    expect(rows.map(({ record }) => record)).toEqual([
      {
        report_at: '2025-01-10T22:30:00.000Z',
        label_at: '2025-01-10T22:00:00.000Z',
        made_at: null,
        pages: 2,
        player_statements: 7,
        team_statements: 20,
      },
    ]);
  });
});
