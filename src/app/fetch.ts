import { addDays, type Slate, slateOf } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import type { InputFile } from '#pipeline/ingest/format.ts';
import { FORMATS } from '#pipeline/ingest/formats/formats.ts';
import { type IngestReport, ingest } from '#pipeline/ingest/ingest.ts';
import type { Http } from '#pipeline/ingest/providers/http.ts';
import { nbaBoxScores, nbaSchedule } from '#pipeline/ingest/providers/nba.ts';
import { oddsApiProps, type Quota } from '#pipeline/ingest/providers/odds-api.ts';
import type { App } from './compose.ts';

/** Days before the slate whose missing box scores are asked for. */
const BOX_DAYS = 3;
/** Hours after tip-off from which a game may be over. */
const GAME_HOURS = 2;

export interface FetchReport {
  readonly slate: Slate;
  /** What the provider gave, loaded like files. */
  readonly ingested: IngestReport;
  /** Requests that failed, with the reason; the others were loaded. */
  readonly failures: readonly {
    readonly what: string;
    readonly code: string;
    readonly message: string;
    readonly hint: string;
  }[];
  /** What was not asked for, and why. */
  readonly skipped: readonly string[];
  readonly quota: Quota | null;
}

/**
 * Asks the live providers for what a slate needs: the season's schedule, today's scoreboard, box scores of recent games
 * that have none, player props of games that have not begun. A provider that fails does not stop the others.
 */
export async function fetchSlate(app: App, slate: Slate, http: Http): Promise<FetchReport> {
  const { clock, warehouse, config } = app;
  const failures: FetchReport['failures'][number][] = [];
  const skipped: string[] = [];
  const files: InputFile[] = [];
  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TipoffError)) throw error;
      failures.push({ what, code: error.code, message: error.message, hint: error.hint });
      return undefined;
    }
  };
  const take = (file: InputFile | undefined): void => {
    if (file !== undefined) files.push(file);
  };

  const nba = { http, ...(config.nbaUrl === undefined ? {} : { baseUrl: config.nbaUrl }) };
  take(await attempt('schedule', () => nbaSchedule(nba).season()));
  if (slate === slateOf(clock.now())) take(await attempt('scoreboard', () => nbaSchedule(nba).today()));
  else skipped.push(`scoreboard: it shows ${slateOf(clock.now())} only`);
  for (const gameId of await gamesWithoutBoxScores(app, slate)) {
    take(await attempt(`box score ${gameId}`, () => nbaBoxScores(nba).boxScore(gameId)));
  }

  let quota: Quota | null = null;
  const { oddsApiKey: key } = config;
  if (key === undefined) skipped.push('player props: ODDS_API_KEY is not set');
  else {
    const odds = { http, key, clock, ...(config.oddsUrl === undefined ? {} : { baseUrl: config.oddsUrl }) };
    const props = await attempt('player props', () => oddsApiProps(odds).props(slate));
    files.push(...(props?.files ?? []));
    for (const { id, error } of props?.failedEvents ?? []) {
      failures.push({
        what: `player props of event ${id}`,
        code: error.code,
        message: error.message,
        hint: error.hint,
      });
    }
    for (const id of props?.startedEvents ?? []) skipped.push(`player props of event ${id}: it has begun`);
    quota = props?.quota ?? null;
  }
  const ingested = await ingest({
    warehouse,
    clock,
    formats: FORMATS,
    files: files.map(({ path, bytes }) => ({ path, read: async () => bytes })),
  });
  return { slate, ingested, failures, skipped, quota };
}

/** Games of the days before that should be over and have no box score yet. */
async function gamesWithoutBoxScores({ warehouse, clock }: App, slate: Slate): Promise<string[]> {
  const rows = await warehouse.query<{ game_id: string }>(
    `SELECT s.game_id FROM nba_reference.schedule s
     WHERE s.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND s.is_counted AND s.status NOT IN ('postponed', 'cancelled')
       AND s.tipoff_at <= CAST(@over_before AS TIMESTAMP)
       AND NOT EXISTS (SELECT 1 FROM nba_raw.player_box_scores b
         WHERE b.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND b.game_id = s.game_id)
     ORDER BY s.game_id`,
    {
      from: addDays(slate, -BOX_DAYS),
      to: slate,
      over_before: new Date(clock.now().getTime() - GAME_HOURS * 3_600_000).toISOString(),
    },
  );
  return rows.map(({ game_id }) => game_id);
}
