import { addDays, type Slate, seasonOf } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
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
      { provider: 'NBA.com', formats: ['schedule_league_v2_json'], fetch: (take) => take(league.season()) },
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
        fetch: async (take) => {
          if (await take(lists.players(season))) await take(lists.index(season));
        },
      },
      {
        provider: 'ESPN',
        formats: ['espn_roster_json'],
        fetch: async (take) => {
          for (const team of ESPN_TEAMS) if (!(await take(other.roster(team)))) return;
        },
      },
    ],
    boxScore: (gameId) => [
      {
        provider: 'NBA.com',
        formats: ['nba_box_score_live_json'],
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

function propsSources(provider: ReturnType<typeof oddsApiProps>, slate: Slate): PropsSources {
  let fetched: FetchedProps | undefined;
  return {
    sources: [
      {
        provider: 'The Odds API',
        formats: ['odds_api_events_json'],
        fetch: async (take) => {
          try {
            fetched = await provider.props(slate);
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
    failedEvents: () =>
      (fetched?.failedEvents ?? []).map(({ id, error }) => ({
        what: `player props of event ${id}`,
        ...failureOf(error),
      })),
    quota: () => fetched?.quota ?? null,
  };
}
