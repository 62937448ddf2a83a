import { canaryDeps } from '#app/canaries.ts';
import type { App } from '#app/compose.ts';
import { exportDeps } from '#app/day.ts';
import { type CalibrationReading, readCalibration } from '#app/reading/calibration.ts';
import { type GradeCoverage, gradeCoverage } from '#app/reading/coverage.ts';
import { type ModelReading, readModel } from '#app/reading/explanation.ts';
import {
  type BackfillReading,
  type HealthReading,
  type LineageReading,
  readBackfill,
  readHealth,
  readLineage,
} from '#app/reading/operations.ts';
import { type Packed, pack } from '#app/reading/packed.ts';
import { type PlayerReading, readPlayers } from '#app/reading/season-players.ts';
import {
  monthsOf,
  readFeatures,
  readForecasts,
  readSlates,
  type SlateForecast,
  type SlateReading,
  type SlateSpan,
} from '#app/reading/slate.ts';
import { parseSlate, type Slate, seasonOf, seasonSpan, slateOf } from '#core/calendar.ts';
import { readAhead } from '#core/concurrency.ts';
import { TipoffError } from '#core/errors.ts';
import { readStatus } from '#guard/status/status.ts';
import type { DataSource } from '#pipeline/exports/document.ts';
import { type RecordRow, readRecord } from '#pipeline/grade/record.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

/** One game day in the list of them. */
export interface SlateEntry {
  readonly slate: string;
  readonly games: number;
  readonly players: number;
  readonly picks: number;
  /** live, backfill, or both joined by "+"; null without a visible forecast. */
  readonly record_class: string | null;
  /** Publications that were withdrawn. */
  readonly withdrawn: number;
}

/** What every page needs: which season it is, its slates and its players. */
export interface Overview {
  readonly season: string;
  readonly span: SlateSpan;
  /** The slate that `tonight` means. */
  readonly tonight: string | null;
  readonly as_of: string;
  readonly code_version: string;
  readonly data_source: DataSource;
  /** {@link SlateEntry} */
  readonly slates: Packed;
  /** Players with a visible forecast: player_id, player_name, team_abbr. */
  readonly players: Packed;
}

/** The record by class, market, system and period, with the calibration of forecasts and probabilities. */
export interface RecordReading {
  readonly rows: readonly RecordRow[];
  /** Share of gradable rows that are graded, per record class. */
  readonly coverage: readonly GradeCoverage[];
}

/** Every document of the site by its path, which is also its address below `data/`. */
export interface SiteDocuments {
  readonly overview: Overview;
  readonly record: RecordReading;
  readonly calibration: CalibrationReading;
  readonly health: HealthReading;
  readonly lineage: LineageReading;
  readonly backfill: BackfillReading;
  readonly [slate: `slates/${string}`]: SlateReading;
  readonly [features: `features/${string}`]: Packed;
  readonly [model: `models/${string}`]: ModelReading;
  readonly [player: `players/${number}`]: PlayerReading;
}

const ENTRIES = `
SELECT d.slate, d.games, COALESCE(p.players, 0) AS players, COALESCE(p.picks, 0) AS picks, p.first_class, p.last_class,
  COALESCE(w.withdrawn, 0) AS withdrawn
FROM (
  SELECT slate, COUNT(*) AS games FROM nba_reference.counted_games
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
  GROUP BY slate
) d
LEFT JOIN (
  SELECT slate, COUNT(DISTINCT player_id) AS players, COUNTIF(is_actionable AND system_id = 'ridge') AS picks,
    MIN(record_class) AS first_class, MAX(record_class) AS last_class
  FROM nba_predictions.current_predictions WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
  GROUP BY slate
) p ON p.slate = d.slate
LEFT JOIN (
  SELECT slate, COUNT(*) AS withdrawn FROM nba_predictions.publications
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND event = 'withdrawn'
  GROUP BY slate
) w ON w.slate = d.slate
ORDER BY d.slate`;

const PLAYERS = `
SELECT player_id, player_name, team_abbr FROM nba_predictions.current_predictions
WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
QUALIFY ROW_NUMBER() OVER (PARTITION BY player_id ORDER BY slate DESC, market, prediction_id) = 1
ORDER BY player_name, player_id`;

const NEWEST_PUBLICATION = `
SELECT MAX(slate) AS slate FROM nba_predictions.publications
WHERE slate <= CAST(@today AS DATE) AND event = 'published'`;

/**
 * The season of the site: the requested one, otherwise today's if it has games, otherwise that of the newest publication. Throws TIPOFF_NOT_FOUND when a home has neither.
 */
export async function siteSeason(app: Pick<App, 'warehouse' | 'clock'>, wanted?: string): Promise<SlateSpan> {
  if (wanted !== undefined) return seasonSpan(wanted);
  const today = slateOf(app.clock.now());
  const span = seasonSpan(seasonOf(today));
  const [games] = await app.warehouse.query<{ n: number }>(
    `SELECT COUNT(*) AS n FROM nba_reference.counted_games WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)`,
    { from: span.from, to: span.to },
  );
  if (games !== undefined && games.n > 0) return span;
  const [newest] = await app.warehouse.query<{ slate: string | null }>(NEWEST_PUBLICATION, { today });
  if (newest?.slate == null) {
    throw new TipoffError(
      'TIPOFF_NOT_FOUND',
      'there is neither a game this season nor a publication to show',
      {
        hint: 'Load a schedule with `tipoff ingest <path>` or `tipoff fetch`, or look at an invented league: `tipoff demo`.',
        details: { season: seasonOf(today) },
      },
    );
  }
  return seasonSpan(seasonOf(parseSlate(newest.slate)));
}

async function readOverview(app: App, span: SlateSpan): Promise<Overview> {
  const { warehouse, clock, config } = app;
  const range = { from: span.from, to: span.to };
  type EntryRow = Omit<SlateEntry, 'record_class'> & {
    readonly first_class: string | null;
    readonly last_class: string | null;
  };
  const rows = await warehouse.query<EntryRow>(ENTRIES, range);
  const entries = rows.map(
    ({ first_class, last_class, ...entry }): SlateEntry => ({
      ...entry,
      record_class: first_class === last_class ? first_class : `${last_class}+${first_class}`,
    }),
  );
  const players = await warehouse.query<{ player_id: number; player_name: string; team_abbr: string }>(
    PLAYERS,
    range,
  );
  const today = slateOf(clock.now());
  return {
    season: seasonOf(span.from),
    span,
    tonight: tonightOf(entries, today),
    as_of: clock.now().toISOString(),
    code_version: config.codeVersion,
    data_source: (await exportDeps(app)).dataSource,
    slates: pack(entries, ['slate', 'games', 'players', 'picks', 'record_class', 'withdrawn']),
    players: pack(players, ['player_id', 'player_name', 'team_abbr']),
  };
}

/** Today where it has games, otherwise the newest slate that was predicted, otherwise the next with games. */
function tonightOf(entries: readonly SlateEntry[], today: Slate): string | null {
  const at = entries.find(({ slate }) => slate === today);
  const predicted = entries.findLast(({ slate, players }) => slate <= today && players > 0);
  const next = entries.find(({ slate }) => slate > today);
  return (at ?? predicted ?? next ?? entries.at(-1))?.slate ?? null;
}

/** One document of the site by its path; undefined for an unknown path or one without data. */
export async function readDocument(app: App, span: SlateSpan, path: string): Promise<object | undefined> {
  const [, model] = /^models\/([\w.-]+)$/.exec(path) ?? [];
  if (model !== undefined) return readModel(app, model);
  const [, kind = '', name = ''] = /^(slates|features|players)\/([0-9-]+)$/.exec(path) ?? [];
  if (kind === 'players') return (await readPlayers(app.warehouse, span, Number(name)))[0];
  if (kind !== '') {
    const slate = parseSlate(name);
    const one = { from: slate, to: slate };
    if (kind === 'features') return (await readFeatures(app.warehouse, one)).get(slate);
    return (await readSlates(app, one))[0];
  }
  switch (path) {
    case 'overview':
      return readOverview(app, span);
    case 'record':
      return readRecordOf(app.warehouse, span);
    case 'calibration':
      return readCalibration(app.warehouse, span);
    case 'health':
      return readHealthOf(app, span);
    case 'lineage':
      return readLineage(app.warehouse, span);
    case 'backfill':
      return readBackfill(app.state);
    default:
      return undefined;
  }
}

async function readRecordOf(warehouse: Warehouse, span: SlateSpan): Promise<RecordReading> {
  return { rows: await readRecord(warehouse, span), coverage: await gradeCoverage(warehouse, span) };
}

async function readHealthOf(app: App, span: SlateSpan): Promise<HealthReading> {
  return readHealth(app, span, await readStatus(canaryDeps(app)));
}

/** The models whose forecasts were published in a span. */
async function publishedModels(warehouse: Warehouse, { from, to }: SlateSpan): Promise<string[]> {
  const rows = await warehouse.query<{ model_id: string }>(
    `SELECT DISTINCT model_id FROM nba_predictions.publications
     WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND event = 'published' ORDER BY model_id`,
    { from, to },
  );
  return rows.map(({ model_id }) => model_id);
}

/** Documents about the whole season. */
const SEASON_DOCUMENTS = ['overview', 'record', 'calibration', 'health', 'lineage', 'backfill'] as const;

/** True for a document about the whole season. */
export function isOfSeason(path: string): boolean {
  return SEASON_DOCUMENTS.some((name) => name === path);
}

/** Every document of a season with its path. What covers many slates is read month by month. */
export async function* allDocuments(
  app: App,
  span: SlateSpan,
): AsyncGenerator<readonly [path: string, document: object]> {
  for (const path of SEASON_DOCUMENTS) {
    const document = await readDocument(app, span, path);
    if (document !== undefined) yield [path, document];
  }
  for (const model of await publishedModels(app.warehouse, span))
    yield [`models/${model}`, await readModel(app, model)];
  const known: SlateForecast[] = [];
  // While one month is packed and written, the engine reads the next.
  const months = readAhead(monthsOf(span), async (month) => {
    const forecasts = await readForecasts(app.warehouse, month);
    const slates = await readSlates(app, month, forecasts);
    return { forecasts, slates, features: await readFeatures(app.warehouse, month) };
  });
  for await (const { forecasts, slates, features } of months) {
    for (const slate of slates) yield [`slates/${slate.slate}`, slate];
    for (const [slate, of] of features) yield [`features/${slate}`, of];
    known.push(...forecasts);
  }
  for (const player of await readPlayers(app.warehouse, span, null, known))
    yield [`players/${player.player_id}`, player];
}
