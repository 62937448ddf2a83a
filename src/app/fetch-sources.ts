import { addDays, type Slate, seasonOf, slateOf } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import { count } from '#core/format.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { ESPN_TEAMS, espn } from '#pipeline/ingest/providers/espn.ts';
import type { Http } from '#pipeline/ingest/providers/http.ts';
import { nbaInjuryReport } from '#pipeline/ingest/providers/injury-report.ts';
import { nbaBoxScores, nbaPlayers, nbaSchedule } from '#pipeline/ingest/providers/nba.ts';
import { type FetchedProps, oddsApiProps, type Quota } from '#pipeline/ingest/providers/odds-api.ts';
import { failureOf, type Source, type SourceFailure } from '#pipeline/ingest/providers/sources.ts';
import type { App } from './compose.ts';

const DAY_MS = 24 * 3_600_000;

/** The providers of each subject, in the order in which they are asked. */
export interface FetchSources {
  readonly schedule: readonly Source[];
  readonly scoreboard: readonly Source[];
  /** The league's report lists games, and teams that have not reported yet; ESPN has neither and comes second. */
  readonly availability: readonly Source[];
  readonly players: readonly Source[];
  boxScore(gameId: string): readonly Source[];
  /** Undefined without a key. */
  readonly props: PropsSources | undefined;
}

/** The provider of props, and what it reported besides the props after a request. */
interface PropsSources {
  readonly sources: readonly Source[];
  /** Events that had begun. */
  started(): readonly string[];
  /** Games of the slate still to come that the provider does not list, though it lists others. */
  unlisted(): readonly string[];
  /** Events whose props did not come. */
  failedEvents(): readonly ({ readonly what: string } & SourceFailure)[];
  /** Null before the provider answered. */
  quota(): Quota | null;
}

/** The sources of a slate. */
export function fetchSources({ config, clock, warehouse }: App, slate: Slate, http: Http): FetchSources {
  const at = (baseUrl: string | undefined) => ({ http, ...omitUndefined({ baseUrl }) });
  const league = nbaSchedule(at(config.nbaUrl));
  const boxes = nbaBoxScores(at(config.nbaUrl));
  const lists = nbaPlayers(at(config.nbaStatsUrl));
  const reports = nbaInjuryReport({ ...at(config.injuryReportUrl), clock });
  const other = espn(at(config.espnUrl));
  const season = seasonOf(slate);
  return {
    schedule: [
      {
        provider: 'NBA.com',
        formats: ['schedule_league_v2_json'],
        isNeverEmpty: true,
        fetch: (take) => take(league.season()),
      },
      {
        provider: 'ESPN',
        formats: ['espn_scoreboard_json'],
        // The day before has the results, the day after the teams.
        fetch: async (take) => {
          for (const days of [-1, 0, 1]) if (!(await take(other.scoreboard(addDays(slate, days))))) return;
        },
      },
    ],
    scoreboard: [
      { provider: 'NBA.com', formats: ['nba_scoreboard_json'], fetch: (take) => take(league.today()) },
      { provider: 'ESPN', formats: ['espn_scoreboard_json'], fetch: (take) => take(other.scoreboard(slate)) },
    ],
    availability: [
      {
        provider: 'NBA.com injury report',
        formats: ['injury_report_pdf'],
        fetch: async (take) => reports.since(await newestReport(warehouse, clock), take),
      },
      { provider: 'ESPN', formats: ['espn_injuries_json'], fetch: (take) => take(other.injuries()) },
    ],
    players: [
      {
        provider: 'NBA.com statistics',
        formats: ['nba_all_players_json', 'nba_player_index_json'],
        isNeverEmpty: true,
        fetch: async (take) => {
          if (await take(lists.players(season))) await take(lists.index(season));
        },
      },
      {
        provider: 'ESPN',
        formats: ['espn_roster_json'],
        isNeverEmpty: true,
        fetch: async (take) => {
          for (const team of ESPN_TEAMS) if (!(await take(other.roster(team)))) return;
        },
      },
    ],
    boxScore: (gameId) => [
      {
        provider: 'NBA.com',
        formats: ['nba_box_score_live_json'],
        isNeverEmpty: true,
        fetch: (take) => take(boxes.boxScore(gameId)),
      },
    ],
    props:
      config.oddsApiKey === undefined
        ? undefined
        : propsSources(
            oddsApiProps({
              ...at(config.oddsUrl),
              key: config.oddsApiKey,
              clock,
              ...(config.oddsMarkets.length === 0 ? {} : { markets: config.oddsMarkets }),
              ...(config.oddsRegions.length === 0 ? {} : { regions: config.oddsRegions }),
            }),
            slate,
            () => gamesToCome({ clock, warehouse }, slate),
          ),
  };
}

/** When the newest report of the league came out that was fetched in the last day; undefined without one. */
async function newestReport(warehouse: App['warehouse'], clock: App['clock']): Promise<Date | undefined> {
  const [newest] = await warehouse.query<{ label_at: string | null }>(
    `SELECT MAX(label_at) AS label_at FROM nba_raw.availability_reports
     WHERE source = 'injury_report_pdf' AND report_at >= CAST(@since AS TIMESTAMP)`,
    { since: new Date(clock.now().getTime() - DAY_MS).toISOString() },
  );
  return newest?.label_at == null ? undefined : new Date(newest.label_at);
}

type GameToCome = { readonly home_abbr: string; readonly away_abbr: string };

/** The games of today that have not begun; none for another slate, whose events a provider need not have. */
async function gamesToCome(
  { clock, warehouse }: Pick<App, 'clock' | 'warehouse'>,
  slate: Slate,
): Promise<GameToCome[]> {
  const now = clock.now();
  if (slate !== slateOf(now)) return [];
  return warehouse.query<GameToCome>(
    `SELECT home_abbr, away_abbr FROM nba_reference.counted_games
     WHERE slate = CAST(@slate AS DATE) AND status = 'scheduled' AND tipoff_at > CAST(@now AS TIMESTAMP)
     ORDER BY tipoff_at, game_id`,
    { slate, now: now.toISOString() },
  );
}

function propsSources(
  provider: ReturnType<typeof oddsApiProps>,
  slate: Slate,
  gamesAhead: () => Promise<GameToCome[]>,
): PropsSources {
  let fetched: FetchedProps | undefined;
  let unlisted: string[] = [];
  return {
    sources: [
      {
        provider: 'The Odds API',
        formats: ['odds_api_events_json'],
        fetch: async (take) => {
          try {
            fetched = await provider.props(slate);
            const { listed } = fetched;
            const games = await gamesAhead();
            if (listed.length === 0 && games.length > 0) throw noEvents(slate, games.length);
            unlisted = games
              .filter(
                ({ home_abbr, away_abbr }) =>
                  !listed.some(
                    (teams) => teams.length === 0 || teams.includes(home_abbr) || teams.includes(away_abbr),
                  ),
              )
              .map(({ home_abbr, away_abbr }) => `${away_abbr}@${home_abbr}`);
          } catch (error) {
            if (!(error instanceof TipoffError)) throw error;
            await take(Promise.reject(error));
            return;
          }
          for (const file of fetched.files) await take(Promise.resolve(file));
        },
      },
    ],
    started: () => fetched?.startedEvents ?? [],
    unlisted: () => unlisted,
    failedEvents: () =>
      (fetched?.failedEvents ?? []).map(({ id, error }) => ({
        what: `player props of event ${id}`,
        ...failureOf(error),
      })),
    quota: () => fetched?.quota ?? null,
  };
}

/** An empty list on a day with games is a failure, not a day without props. */
function noEvents(slate: Slate, games: number): TipoffError {
  return new TipoffError(
    'TIPOFF_PROVIDER',
    `The Odds API: expected events of ${count(games, 'game')} of ${slate} still to come, saw none`,
    {
      hint: 'Look at the page of the provider; if it has no games either, look at the schedule: tipoff status.',
      details: { slate, games },
    },
  );
}
