import { describe, expect, it } from 'vitest';
import { availabilityReports, teamStatements } from '#core/contracts/nba_raw.ts';
import { formatOf, type ParsedFile } from '#pipeline/ingest/format.ts';
import { FORMATS } from '#pipeline/ingest/formats/formats.ts';
import { injuryReportPdf } from '#pipeline/ingest/formats/injury-reports.ts';
import { outcome } from './fixtures.ts';
import { type Cell, type PdfOptions, pdfDocument } from './pdf.ts';

const COLUMNS = [20, 90, 160, 220, 380, 520, 620] as const;
const TITLES = ['Game Date', 'Game Time', 'Matchup', 'Team', 'Player Name', 'Current Status', 'Reason'];
const heading = (text = '01/10/25 05:30 PM'): Cell => [250, 560, `Injury Report: ${text}`];
const titles = TITLES.map((title, index): Cell => [COLUMNS[index] ?? 0, 530, title]);
const footer = (page: number, of: number): Cell => [400, 20, `Page ${page} of ${of}`];
/** Cells of a row by column; '' prints nothing. */
const row = (y: number, ...texts: string[]): Cell[] =>
  texts.flatMap((text, index): Cell[] => (text === '' ? [] : [[COLUMNS[index] ?? 0, y, text]]));
const player = (y: number, name: string, status: string, reason = ''): Cell[] =>
  row(y, '', '', '', '', name, status, reason);
const GAME = ['01/10/2025', '07:30 (ET)', 'UTA@BOS', 'Boston Celtics'] as const;

const NAME = 'Injury-Report_2025-01-10_05PM.pdf';
async function parse(
  pages: readonly (readonly Cell[])[],
  options?: PdfOptions,
  path = NAME,
): Promise<ParsedFile> {
  return injuryReportPdf.parse({ path, bytes: pdfDocument(pages, options) });
}
const players = ({ rows }: ParsedFile) =>
  rows
    .filter(({ table }) => table.name === 'injury_reports')
    .map(({ record }) => [record['team_abbr'], record['player_name'], record['status'], record['reason']]);

describe('the injury report as PDF', () => {
  it.each(['cells', 'words'] as const)(
    'reads a document printed in %s alike, names in one piece',
    async (printed) => {
      const page = [
        heading(),
        ...titles,
        ...row(500, ...GAME, 'Obrand Jr., Toven', 'Questionable', 'Injury/Illness - Left Knee; Soreness'),
        ...player(480, 'Maren-Castellanos, Ilko', 'Out', 'G League - Two-Way'),
        footer(1, 1),
      ];
      const parsed = await parse([page], { printed });
      expect(outcome(parsed)).toEqual({ read: 3, rows: 3, duplicates: 0, rejected: [] });
      expect(players(parsed)).toEqual([
        ['BOS', 'Toven Obrand Jr.', 'questionable', 'Injury/Illness - Left Knee; Soreness'],
        ['BOS', 'Ilko Maren-Castellanos', 'out', 'G League - Two-Way'],
      ]);
    },
  );

  it('leaves a row for the report, also when it names nobody, and keeps NOT YET SUBMITTED as a fact', async () => {
    const page = [heading(), ...titles, ...row(500, ...GAME, '', '', 'NOT YET SUBMITTED'), footer(1, 1)];
    const { rows } = await parse([page], { createdAt: "D:20250110173002-05'00'" });
    expect(rows.map(({ table, record }) => ({ table, record }))).toEqual([
      {
        table: availabilityReports,
        record: {
          report_at: '2025-01-10T22:30:00.000Z',
          label_at: '2025-01-10T22:00:00.000Z',
          made_at: '2025-01-10T22:30:02.000Z',
          pages: 1,
          player_statements: 0,
          team_statements: 1,
        },
      },
      {
        table: teamStatements,
        record: {
          report_at: '2025-01-10T22:30:00.000Z',
          last_report_at: null,
          slate: '2025-01-10',
          team_abbr: 'BOS',
          opponent_abbr: 'UTA',
          statement: 'not_yet_submitted',
        },
      },
    ]);
  });

  it('gives the end of a reason at the top of a page back to the last row of the page before', async () => {
    const first = [
      heading(),
      ...titles,
      ...row(500, ...GAME, 'Obrand, Toven', 'Out', 'Injury/Illness - Left Fifth Finger;'),
      footer(1, 3),
    ];
    const second = [
      ...row(500, '', '', '', '', '', '', 'Torn Ligament'),
      ...row(491, '', '', '', '', 'Veld, Oro', 'Out', 'Rest'),
      // Three lines around their row are its own.
      ...row(459, '', '', '', '', '', '', 'Injury/Illness - Right'),
      ...row(450, '', '', '', '', 'Sund, Pelle', 'Probable', 'Great Toe; Sprain/'),
      ...row(441, '', '', '', '', '', '', 'Sesamoiditis'),
      footer(2, 3),
    ];
    const third = [...row(500, '', '', '', '', '', '', 'Right Side'), footer(3, 3)];
    expect(players(await parse([first, second, third]))).toEqual([
      ['BOS', 'Toven Obrand', 'out', 'Injury/Illness - Left Fifth Finger; Torn Ligament'],
      ['BOS', 'Oro Veld', 'out', 'Rest'],
      ['BOS', 'Pelle Sund', 'probable', 'Injury/Illness - Right Great Toe; Sprain/ Sesamoiditis Right Side'],
    ]);
  });

  it('does not take the first line of a reason that is centred on the first row of a page', async () => {
    const first = [heading(), ...titles, ...row(500, ...GAME, 'Obrand, Toven', 'Out', 'Rest'), footer(1, 2)];
    const second = [
      ...row(505, '', '', '', '', '', '', 'Injury/Illness - Left Ankle;'),
      ...player(500, 'Veld, Oro', 'Out'),
      ...row(495, '', '', '', '', '', '', 'Sprain'),
      footer(2, 2),
    ];
    expect(players(await parse([first, second])).map(([, , , reason]) => reason)).toEqual([
      'Rest',
      'Injury/Illness - Left Ankle; Sprain',
    ]);
  });

  describe('time', () => {
    const at = async (text: string, path: string, createdAt?: string) => {
      const page = [heading(text), ...titles, ...row(500, ...GAME, 'Obrand, Toven', 'Out'), footer(1, 1)];
      return parse([page], createdAt === undefined ? {} : { createdAt }, path);
    };

    it.each([
      [
        'winter',
        '01/10/25 05:30 PM',
        'Injury-Report_2025-01-10_05PM.pdf',
        undefined,
        '2025-01-10T22:30:00.000Z',
      ],
      [
        'summer time',
        '04/09/23 11:30 AM',
        'Injury-Report_2023-04-09_11AM.pdf',
        undefined,
        '2023-04-09T15:30:00.000Z',
      ],
      [
        'the quarterly era',
        '02/08/26 06:15 PM',
        'Injury-Report_2026-02-08_06_15PM.pdf',
        undefined,
        '2026-02-08T23:15:00.000Z',
      ],
      [
        'a quarterly label before its heading',
        '02/08/26 06:28 PM',
        'Injury-Report_2026-02-08_06_15PM.pdf',
        undefined,
        '2026-02-08T23:28:00.000Z',
      ],
      [
        'the repeated hour, first',
        '11/03/24 01:30 AM',
        'Injury-Report_2024-11-03_01AM.pdf',
        "D:20241103013003-04'00'",
        '2024-11-03T05:30:00.000Z',
      ],
      [
        'the repeated hour, second',
        '11/03/24 01:30 AM',
        'Injury-Report_2024-11-03_01AM.pdf',
        "D:20241103013003-05'00'",
        '2024-11-03T06:30:00.000Z',
      ],
      ['the day after midnight', '01/11/25 12:15 AM', 'report.pdf', undefined, '2025-01-11T05:15:00.000Z'],
    ])('of a heading in %s', async (_what, text, path, createdAt, instant) => {
      const { rows } = await at(text, path, createdAt);
      expect(rows.map(({ record }) => record['report_at'])).toEqual([instant, instant]);
    });

    it.each([
      ['hourly', '01/10/25 06:15 PM', 'Injury-Report_2025-01-10_05PM.pdf'],
      ['hourly, older than its label', '01/10/25 04:30 PM', 'Injury-Report_2025-01-10_05PM.pdf'],
      ['quarterly', '02/08/26 06:46 PM', 'Injury-Report_2026-02-08_06_15PM.pdf'],
    ])('quarantines a report whose heading does not fit its label: %s', async (_what, text, path) => {
      expect(outcome(await at(text, path))).toEqual({
        read: 2,
        rows: 0,
        duplicates: 0,
        rejected: ['impossible_value report_at', 'impossible_value report_at'],
      });
    });

    it('refuses a heading that spring skips', async () => {
      await expect(at('03/10/24 02:30 AM', 'report.pdf')).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
    });
  });

  describe('a damaged file', () => {
    const page = [heading(), ...titles, ...row(500, ...GAME, 'Obrand, Toven', 'Out'), footer(1, 1)];
    const whole = () =>
      pdfDocument(
        [page, [...player(500, 'Veld, Oro', 'Out'), footer(2, 2)]].map((cells, i) =>
          i === 0 ? [...cells.slice(0, -1), footer(1, 2)] : cells,
        ),
      );
    const read = (bytes: Uint8Array) => Promise.resolve(injuryReportPdf.parse({ path: NAME, bytes }));

    it('reads when it is whole', async () => {
      expect(outcome(await read(whole()))).toMatchObject({ read: 3, rows: 3 });
    });

    it.each([
      ['cut in half', (bytes: Uint8Array) => bytes.subarray(0, bytes.length / 2)],
      ['cut at its end', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 40)],
      [
        'with a hole in a page',
        (bytes: Uint8Array) => bytes.map((byte, at) => (at > 560 && at < 600 ? 0x20 : byte)),
      ],
      ['with a page whose text is missing', () => pdfDocument([page, []])],
      ['with fewer pages than a footer says', () => pdfDocument([[...page.slice(0, -1), footer(1, 2)]])],
      [
        'with a page that ends too early',
        () => pdfDocument([[...page.slice(0, -1), footer(1, 2)], player(500, 'Veld, Oro', 'Out')]),
      ],
      ['as a page of a website', () => new TextEncoder().encode('<html><body>Access Denied</body></html>')],
      ['as another document', () => pdfDocument([[[100, 500, 'Official Scorer Report']]])],
    ])('is an error when it comes %s', async (_what, damage) => {
      await expect(read(damage(whole()))).rejects.toMatchObject({
        code: 'TIPOFF_BAD_INPUT',
        message: expect.stringContaining(NAME),
      });
    });
  });

  it('is told by its ending, whatever its bytes are', () => {
    const bytes = pdfDocument([[heading()]]);
    expect(formatOf({ path: 'a/raw_1.pdf', bytes }, FORMATS).id).toBe('injury_report_pdf');
  });
});
