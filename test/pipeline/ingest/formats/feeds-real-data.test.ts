import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { playerLookup } from '#core/names.ts';
import { findTeam } from '#core/teams.ts';
import { formatOf } from '#pipeline/ingest/format.ts';
import { FORMATS } from '#pipeline/ingest/formats/formats.ts';
import { injuryReportPdf } from '#pipeline/ingest/formats/injury-reports.ts';
import { outcome } from './fixtures.ts';

const SHARED = join(import.meta.dirname, '../../../../../shared');
const FEEDS = process.env['TIPOFF_FEEDS'] ?? join(SHARED, 'feeds');
const isThere = existsSync(join(FEEDS, 'MANIFEST.csv'));

interface ExpectedReport {
  readonly pdf: string;
  readonly report_at_utc: string;
  readonly pages: number;
  readonly rows: readonly {
    readonly game_date: string;
    readonly matchup: string;
    readonly team: string;
    readonly player: string;
    readonly status: string;
    readonly reason: string;
  }[];
}

async function filesBelow(folder: string, ending: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name));
}

describe.skipIf(!isThere)(
  `recorded injury reports${isThere ? '' : ` (skipped: no recorded feeds at ${FEEDS})`}`,
  async () => {
    const folder = join(FEEDS, 'injury_report_pdf');
    const pdfs = isThere ? await filesBelow(folder, '.pdf') : [];
    const expectations = isThere ? await filesBelow(join(folder, 'derived'), '.expected.json') : [];
    const slate = (date: string) => `${date.slice(6)}-${date.slice(0, 2)}-${date.slice(3, 5)}`;

    it('are 25 whole ones and a damaged one', () => {
      expect([pdfs.length, expectations.length]).toEqual([26, 25]);
    });

    /** What is expected of a report and what its document gives: each is read once. */
    const compare = (path: string) => {
      const known = compared.get(path) ?? read(path);
      compared.set(path, known);
      return known;
    };
    const read = async (path: string) => {
      const expected = JSON.parse(await readFile(path, 'utf8')) as ExpectedReport;
      const pdf = pdfs.find((candidate) => basename(candidate, '.pdf') === basename(path, '.expected.json'));
      if (pdf === undefined) throw new Error(`no PDF for ${path}`);
      const parsed = await injuryReportPdf.parse({ path: pdf, bytes: await readFile(pdf) });
      const league = expected.rows.filter(({ team }) => findTeam(team) !== undefined);
      const records = parsed.rows.map(({ record }) => record);
      const key = (parts: readonly unknown[]) => parts.join(' | ');
      const seen = new Map(
        records
          .filter((record) => 'status' in record || 'statement' in record)
          .map((record) => [
            key([
              record['slate'],
              record['team_abbr'],
              record['player_lookup'] ?? '',
              record['status'] ?? record['statement'],
            ]),
            record['reason'] ?? null,
          ]),
      );
      const wanted = new Map(
        league.map((row) => {
          const status = row.player === '' ? 'not_yet_submitted' : row.status.toLowerCase();
          const reason = row.player === '' || row.reason === '' ? null : row.reason;
          return [
            key([slate(row.game_date), findTeam(row.team)?.abbr, playerLookup(row.player), status]),
            reason,
          ];
        }),
      );
      return { expected, parsed, league, records, seen, wanted };
    };
    const compared = new Map<string, ReturnType<typeof read>>();

    it.each(expectations.map((path) => [basename(path, '.expected.json'), path] as const))(
      '%s: every row, none extra',
      async (_name, path) => {
        const { expected, parsed, league, records, seen, wanted } = await compare(path);
        expect(parsed.rejected.length).toBe(expected.rows.length - league.length);
        expect([...seen.keys()].sort()).toEqual([...wanted.keys()].sort());
        expect(records[0]).toMatchObject({
          report_at: new Date(expected.report_at_utc).toISOString(),
          pages: expected.pages,
        });
      },
    );

    it('have at most one reason in a hundred wrong, page spill included', async () => {
      let [rows, wrong] = [0, 0];
      for (const path of expectations) {
        const { seen, wanted } = await compare(path);
        rows += wanted.size;
        for (const [row, reason] of wanted) if (seen.get(row) !== reason) wrong += 1;
      }
      expect(rows).toBeGreaterThan(2_500);
      expect(wrong / rows).toBeLessThanOrEqual(0.01);
    });

    it('are an error when they are damaged', async () => {
      const damaged = pdfs.find((path) => basename(path) === 'raw_f0027997.pdf') ?? '';
      await expect(
        Promise.resolve(injuryReportPdf.parse({ path: damaged, bytes: await readFile(damaged) })),
      ).rejects.toMatchObject({
        code: 'TIPOFF_BAD_INPUT',
      });
    });
  },
);

describe.skipIf(!isThere)(
  `recorded answers${isThere ? '' : ` (skipped: no recorded feeds at ${FEEDS})`}`,
  () => {
    it.each([
      ['espn/Pires29_nba-dashboard/data/injuries.json', 'espn_injuries_json', 110],
      ['espn/Pires29_nba-dashboard/src/app/data/nba_injuries.json', 'espn_injuries_json', 123],
      ['espn/JoeyG1973_sports-mcp/tests/fixtures/nba_scoreboard.json', 'espn_scoreboard_json', 1],
      [
        'espn/najicham_nba-stats-scraper/tests/samples/espn_scoreboard_api/raw_92de7c9a.json',
        'espn_scoreboard_json',
        11,
      ],
      [
        'espn/najicham_nba-stats-scraper/tests/samples/espn_scoreboard_api/raw_20250214.json',
        'espn_scoreboard_json',
        0,
      ],
      ['espn/najicham_nba-stats-scraper/tests/samples/espn_roster_api/raw_2.json', 'espn_roster_json', 17],
      ['nba/swar_nba_api/cassettes/commonallplayers_0.json', 'nba_all_players_json', 5_111],
      [
        'nba/SR2501_hoops-gm/backend/tests/fixtures/nba_commonallplayers_current.json',
        'nba_all_players_json',
        580,
      ],
      [
        'nba/SR2501_hoops-gm/backend/tests/fixtures/nba_playerindex_current.json',
        'nba_player_index_json',
        578,
      ],
      ['nba/swar_nba_api/cassettes/playerindex_0.json', 'nba_player_index_json', 557],
      [
        'nba/najicham_nba-stats-scraper/tests/samples/nbac_player_list/raw_7af00b51.json',
        'nba_player_index_json',
        594,
      ],
    ])('%s is read by %s, every unit', async (path, id, rows) => {
      const file = { path, bytes: await readFile(join(FEEDS, path)) };
      const format = formatOf(file, FORMATS);
      const parsed = await format.parse(file);
      expect([format.id, outcome(parsed)]).toEqual([id, { read: rows, rows, duplicates: 0, rejected: [] }]);
    });
  },
);
