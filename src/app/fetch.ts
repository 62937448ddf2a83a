import { addDays, type Slate, seasonOf, seasonSpan, slateOf } from '#core/calendar.ts';
import { messageOf } from '#core/errors.ts';
import { count } from '#core/format.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { JOBS, tryBeat } from '#guard/canaries/heartbeats.ts';
import { declareSources } from '#pipeline/ingest/declared-sources.ts';
import type { InputFile } from '#pipeline/ingest/format.ts';
import { FORMATS } from '#pipeline/ingest/formats/formats.ts';
import { type IngestReport, ingest } from '#pipeline/ingest/ingest.ts';
import type { Http } from '#pipeline/ingest/providers/http.ts';
import type { Quota } from '#pipeline/ingest/providers/odds-api.ts';
import {
  askInOrder,
  type Source,
  type SourceAttempt,
  type SourceFailure,
  type SubjectResult,
  storeReceipts,
} from '#pipeline/ingest/providers/sources.ts';
import { type Validators, watchedHttp } from '#pipeline/ingest/providers/watched-http.ts';
import { underReceipt } from '#pipeline/work.ts';
import type { App } from './compose.ts';
import { fetchSources } from './fetch-sources.ts';

/** Days before the slate whose box scores are required: a run without them is incomplete. */
const BOX_DAYS = 3;
/** Maximum number of box scores per run. Newer games come first; the remaining gaps of the season wait for the next run. */
const MAX_BOX_SCORES = 40;
/** Hours after tip-off from which a game may be over. */
const GAME_HOURS = 2;
/** Hours for which lists of players are fresh enough: they change a few times a day at most and cost many requests. */
const PLAYER_LIST_HOURS = 20;
/** Box scores in a row that get no answer after which no other is requested: each attempt on a dead host costs more than a minute. */
const MAX_UNANSWERED = 3;
/** Days before the slate whose box scores are requested again although they are complete: the league corrects its counts until then. */
const CORRECTION_DAYS = 2;
/** Hours between two such requests. A slate of the past that is asked for is asked for now. */
const CORRECTION_HOURS = 6;
/** Days after which the validators of an earlier answer are no longer used for conditional requests. */
const VALIDATOR_DAYS = 30;

export interface FetchReport {
  readonly slate: Slate;
  /** The answers of the providers, loaded like files. */
  readonly ingested: IngestReport;
  /** The result of every request to a source. */
  readonly attempts: readonly SourceAttempt[];
  /** Subjects that no source delivered, with the reason; everything else was loaded. */
  readonly failures: readonly ({ readonly what: string } & SourceFailure)[];
  /** Box scores of earlier slates of the season that were requested again without success. */
  readonly stillMissing: readonly {
    readonly what: string;
    readonly slate: Slate;
    readonly message: string;
  }[];
  /** Subjects whose first source failed and whose next one answered. */
  readonly takenOver: readonly {
    readonly what: string;
    readonly failed: string;
    readonly by: string;
    readonly message: string;
  }[];
  /** What was not requested, and why. */
  readonly skipped: readonly string[];
  readonly quota: Quota | null;
}

/**
 * Fetches what a slate needs from the live providers: schedule and scoreboard, box scores of all games of the season without a
 * complete one, those of the slate and the days before it once more for corrections, the newest injury reports, rosters, and
 * player props of games that have not begun. When a source fails the next one is asked; when all fail the other subjects are
 * fetched regardless. Every answer leaves a receipt in nba_orchestration.provider_requests, every run a heartbeat. With
 * `statusesOnly` only injury reports are fetched.
 */
export async function fetchSlate(
  app: App,
  slate: Slate,
  http: Http,
  what: { readonly statusesOnly?: boolean } = {},
): Promise<FetchReport> {
  return underReceipt(app, { work: 'fetch', about: slate }, () => fetchAll(app, slate, http, what));
}

async function fetchAll(
  app: App,
  slate: Slate,
  http: Http,
  { statusesOnly = false }: { readonly statusesOnly?: boolean },
): Promise<FetchReport> {
  const { clock, warehouse } = app;
  const watched = watchedHttp({ http, clock, known: await knownValidators(app) });
  const sources = fetchSources(app, slate, watched.http);
  const skipped: string[] = [];
  const asked: { what: string; answer: SubjectResult }[] = [];
  const ask = async (what: string, subject: string, from: readonly Source[]): Promise<SubjectResult> => {
    const answer = await askInOrder(subject, from, { watched, clock, formats: FORMATS });
    asked.push({ what, answer });
    return answer;
  };

  if (!statusesOnly) await ask('schedule', 'schedule', sources.schedule);
  const today = slateOf(clock.now());
  if (slate === today) {
    if (!statusesOnly) await ask('scoreboard', 'scoreboard', sources.scoreboard);
    await ask('availability', 'availability', sources.availability);
    if (statusesOnly) skipped.push('everything else: only statuses are wanted');
    else if (await areListsFresh(app))
      skipped.push(`players: the lists are less than ${PLAYER_LIST_HOURS} hours old`);
    else await ask('players', 'players', sources.players);
  } else skipped.push(`scoreboard, availability and players: they show ${today} only`);
  const holes = statusesOnly ? [] : await gamesWithoutBoxScores(app, slate);
  const again = statusesOnly ? [] : await gamesToAskAgain(app, slate, today, holes);
  const unanswered: SourceFailure[] = [];
  for (const { game_id } of [...holes, ...again].slice(0, MAX_BOX_SCORES)) {
    if (unanswered.length === MAX_UNANSWERED) break;
    const { attempts } = await ask(boxScoreOf(game_id), 'box_score', sources.boxScore(game_id));
    const failure = attempts.at(-1)?.failure;
    if (failure?.code === 'TIPOFF_PROVIDER_DOWN') unanswered.push(failure);
    else unanswered.length = 0;
  }
  const [silence] = unanswered.length === MAX_UNANSWERED ? unanswered : [];
  if (silence !== undefined)
    skipped.push(`other box scores: ${MAX_UNANSWERED} requests in a row got no answer. ${silence.message}`);
  const left = holes.slice(MAX_BOX_SCORES);
  if (left.length > 0)
    skipped.push(
      `${count(left.length, 'box score')} from ${left.at(-1)?.slate} to ${left[0]?.slate}: a run asks for ${MAX_BOX_SCORES}, the next ones for these`,
    );
  // A gap that no source has filled for days is a failure of its slate, which the checks track, and not of this run.
  const old = new Map(
    holes
      .filter((hole) => hole.slate < addDays(slate, -BOX_DAYS))
      .map((hole) => [boxScoreOf(hole.game_id), hole.slate]),
  );
  // A complete box score that was not asked for by its slate is only asked for its corrections.
  const forCorrections = new Set(
    again.filter((game) => !isAskedFor(game.slate, slate, today)).map(({ game_id }) => boxScoreOf(game_id)),
  );
  const props = statusesOnly ? undefined : sources.props;
  if (props === undefined && !statusesOnly) skipped.push('player props: ODDS_API_KEY is not set');
  if (props !== undefined) {
    await ask('player props', 'props', props.sources);
    skipped.push(...props.started().map((id) => `player props of event ${id}: it has begun`));
    skipped.push(
      ...props.unlisted().map((game) => `player props of ${game}: the provider lists no such event`),
    );
  }

  const ingested = await ingestFiles(
    app,
    asked.flatMap(({ answer }) => answer.files),
  );
  await storeReceipts(
    warehouse,
    asked.map(({ answer }) => answer),
  );
  const refused = asked.flatMap(({ what, answer }) => failuresOf(what, answer));
  const failures = refused.filter(({ what }) => !forCorrections.has(what));
  for (const { what, message } of refused)
    if (forCorrections.has(what)) skipped.push(`corrections of ${what}: ${message}`);
  const report: FetchReport = {
    slate,
    ingested,
    attempts: asked.flatMap(({ answer }) => answer.attempts),
    failures: [...failures.filter(({ what }) => !old.has(what)), ...(props?.failedEvents() ?? [])],
    stillMissing: failures.flatMap(({ what, message }) => {
      const since = old.get(what);
      return since === undefined ? [] : [{ what, slate: since, message }];
    }),
    takenOver: asked.flatMap(({ what, answer }) => takenOver(what, answer)),
    skipped,
    quota: props?.quota() ?? null,
  };
  // A partial run must not count as a full one.
  if (statusesOnly) return report;
  if (slate === today) await declareAsked(app, slate);
  await tryBeat(app, {
    job: 'fetch',
    ok: isComplete(report),
    maxSilenceSeconds: JOBS.fetch,
    detail: inOneLine(report),
  });
  return report;
}

/** Declares what is fetched as expected from now on. A failure is tolerated: the checks then rely on what was observed. */
async function declareAsked(app: App, slate: Slate): Promise<void> {
  const { sources, oddsApiKey } = app.config;
  const asked = [...sources, 'availability', ...(oddsApiKey === undefined ? [] : ['lines'])];
  await declareSources(app, slate, [...new Set(asked)]).catch((error: unknown) =>
    app.warn(`the sources of ${slate} could not be declared: ${messageOf(error)}`),
  );
}

/** True when every subject had an answer that could be loaded. */
export function isComplete({ failures, ingested }: FetchReport): boolean {
  return failures.length === 0 && ingested.failed === 0;
}

function inOneLine({ ingested, failures, takenOver: others }: FetchReport): string {
  const parts = [`${ingested.filesLoaded} answers, ${ingested.loaded} rows new`];
  if (others.length > 0)
    parts.push(`taken over: ${others.map(({ what, by }) => `${what} by ${by}`).join(', ')}`);
  if (failures.length > 0) parts.push(`missing: ${failures.map(({ what }) => what).join(', ')}`);
  return parts.join('; ');
}

async function ingestFiles({ warehouse, clock }: App, files: readonly InputFile[]): Promise<IngestReport> {
  return ingest({
    warehouse,
    clock,
    formats: FORMATS,
    files: files.map(({ path, bytes, fetchedAt }) => ({
      path,
      read: async () => bytes,
      ...omitUndefined({ fetchedAt }),
    })),
  });
}

function failuresOf(what: string, { provider, attempts }: SubjectResult): FetchReport['failures'] {
  if (provider !== null) return [];
  return attempts.flatMap(({ failure }) => (failure === undefined ? [] : [{ what, ...failure }]));
}

function takenOver(what: string, { provider, attempts }: SubjectResult): FetchReport['takenOver'] {
  if (provider === null) return [];
  return attempts.flatMap(({ provider: failed, failure }) =>
    failure === undefined ? [] : [{ what, failed, by: provider, message: failure.message }],
  );
}

/** The validators of earlier answers, newest first. An answer whose rows were taken back is asked for as if it were new. */
async function knownValidators({ warehouse, clock }: App): Promise<ReadonlyMap<string, Validators>> {
  interface Known {
    readonly address: string;
    readonly etag: string | null;
    readonly last_modified: string | null;
    readonly requested_at: string;
  }
  const since = new Date(clock.now().getTime() - VALIDATOR_DAYS * 86_400_000).toISOString();
  const rows = await warehouse.query<Known>(
    `SELECT address, etag, last_modified, requested_at FROM nba_orchestration.provider_requests
     WHERE requested_at >= CAST(@since AS TIMESTAMP) AND outcome = 'fetched' AND address IS NOT NULL
       AND (etag IS NOT NULL OR last_modified IS NOT NULL)
     QUALIFY ROW_NUMBER() OVER (PARTITION BY address ORDER BY requested_at DESC, request_id) = 1`,
    { since },
  );
  const takenBack = await warehouse.query<{ source_file: string; withdrawn_at: string }>(
    `SELECT source_file, MAX(withdrawn_at) AS withdrawn_at FROM nba_raw.ingested_files
     WHERE withdrawn_at >= CAST(@since AS TIMESTAMP) GROUP BY source_file`,
    { since },
  );
  const isThere = ({ address, requested_at }: Known): boolean =>
    !takenBack.some((file) => address.startsWith(file.source_file) && file.withdrawn_at >= requested_at);
  return new Map(
    rows
      .filter(isThere)
      .map(({ address, etag, last_modified }) => [address, { etag, lastModified: last_modified }]),
  );
}

type BoxedGame = { readonly game_id: string; readonly slate: Slate };

/** True for a slate of the past that was asked for by its date. */
function isAskedFor(of: Slate, slate: Slate, today: Slate): boolean {
  return of === slate && slate < today;
}

/**
 * Games whose box score is complete and is requested again: the league corrects its counts for days, and a complete box score may
 * be wrong. Those of a slate of the past that was asked for, and those of the days before that nobody has asked for in the last hours.
 */
async function gamesToAskAgain(
  { warehouse, clock }: App,
  slate: Slate,
  today: Slate,
  holes: readonly BoxedGame[],
): Promise<readonly BoxedGame[]> {
  const games = await warehouse.query<BoxedGame & { readonly asked_at: string | null }>(
    `SELECT s.game_id, s.slate, MAX(r.requested_at) AS asked_at FROM nba_reference.counted_games s
     JOIN (
       SELECT DISTINCT game_id FROM nba_raw.player_box_scores
       WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND played
     ) AS b ON b.game_id = s.game_id
     LEFT JOIN (
       SELECT requested_at, SUBSTR(address, LENGTH(address) - 14, 10) AS game_id FROM nba_orchestration.provider_requests
       WHERE requested_at >= CAST(@since AS TIMESTAMP) AND subject = 'box_score' AND outcome IN ('fetched', 'unchanged')
     ) AS r ON r.game_id = s.game_id
     WHERE s.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
     GROUP BY s.game_id, s.slate
     ORDER BY s.slate DESC, s.game_id`,
    {
      from: addDays(slate, -CORRECTION_DAYS),
      to: slate,
      since: new Date(clock.now().getTime() - CORRECTION_HOURS * 3_600_000).toISOString(),
    },
  );
  const open = new Set(holes.map(({ game_id }) => game_id));
  return games.filter(
    (game) => !open.has(game.game_id) && (isAskedFor(game.slate, slate, today) || game.asked_at === null),
  );
}

async function areListsFresh({ warehouse, clock }: App): Promise<boolean> {
  const rows = await warehouse.query<{ n: number }>(
    `SELECT COUNT(*) AS n FROM nba_orchestration.provider_requests
     WHERE requested_at >= CAST(@since AS TIMESTAMP) AND subject = 'players' AND outcome IN ('fetched', 'unchanged')`,
    { since: new Date(clock.now().getTime() - PLAYER_LIST_HOURS * 3_600_000).toISOString() },
  );
  return (rows[0]?.n ?? 0) > 0;
}

function boxScoreOf(gameId: string): string {
  return `box score ${gameId}`;
}

/** Players on court below which a team cannot have played: its box score is not there, or cut short. */
const MIN_ON_COURT = 5;

/** Games of the season that should be over and have no box score yet, or not of both teams; the newest first. */
async function gamesWithoutBoxScores(
  { warehouse, clock }: App,
  slate: Slate,
): Promise<{ readonly game_id: string; readonly slate: Slate }[]> {
  return warehouse.query<{ game_id: string; slate: Slate }>(
    `SELECT s.game_id, s.slate FROM nba_reference.counted_games s
     LEFT JOIN (
       SELECT game_id, COUNT(*) AS teams FROM (
         SELECT game_id, team_abbr FROM nba_raw.player_box_scores
         WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND played
         GROUP BY game_id, team_abbr HAVING COUNT(DISTINCT player_id) >= ${MIN_ON_COURT}
       ) AS sides GROUP BY game_id
     ) AS b ON b.game_id = s.game_id
     WHERE s.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
       AND s.tipoff_at <= CAST(@over_before AS TIMESTAMP) AND COALESCE(b.teams, 0) < 2
     ORDER BY s.slate DESC, s.game_id`,
    {
      from: seasonSpan(seasonOf(slate)).from,
      to: slate,
      over_before: new Date(clock.now().getTime() - GAME_HOURS * 3_600_000).toISOString(),
    },
  );
}
