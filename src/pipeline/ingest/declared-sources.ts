import { addDays, type Slate } from '#core/calendar.ts';
import type { DeclaredSource } from '#core/contracts/nba_reference.ts';
import { TipoffError } from '#core/errors.ts';
import { type Statement, statement } from '#core/statement.ts';
import type { Clock } from '#platform/clock.ts';
import type { SqlParams, Warehouse } from '#platform/warehouse/port.ts';

/** Days before a slate in which a source must have been seen to be declared by observation. */
const OBSERVED_DAYS = 14;
/** Game days on which it must have been seen, and the share of those since its first one in that time. */
const MIN_OBSERVED = 3;
const MIN_OBSERVED_SHARE = 0.8;
/** Players of a game below which a source is too thin for its absence to mean anything. */
const MIN_PER_GAME = 0.9;

/** How a source may be called. */
const SOURCE_NAME = /^(?:availability(?:\/out)?|lines(?:\/[a-z0-9_]+\/[a-z0-9_]+)?|game_lines\/[a-z0-9_]+)$/;

/** SQL: true for a declared source that is expected on @slate. */
export const IS_EXPECTED =
  'from_slate <= CAST(@slate AS DATE) AND COALESCE(until_slate, CAST(@slate AS DATE)) >= CAST(@slate AS DATE)';

/** SQL: true for a declared source of lines that covers nearly every game: then a game without any line is a hole. */
export const IS_WIDE =
  "(source = 'lines' OR (source LIKE 'lines/%' AND COALESCE(teams_per_game, 2.0) >= 1.8))";

/** Raw tables of sources: how a row names its source, what it is about, the team or game, and when it was said. */
const COVERING = [
  {
    table: 'nba_raw.player_lines',
    source: "'lines/' || bookmaker || '/' || market",
    thing: 'player_lookup',
    side: 'home_abbr',
    teamsPerSide: 2,
    at: 'snapshot_at',
  },
  {
    table: 'nba_raw.injury_reports',
    source: "'availability'",
    thing: 'player_lookup',
    side: 'team_abbr',
    teamsPerSide: 1,
    at: 'report_at',
  },
  {
    table: 'nba_raw.injury_reports',
    where: "status = 'out'",
    source: "'availability/out'",
    thing: 'player_lookup',
    side: 'team_abbr',
    teamsPerSide: 1,
    at: 'report_at',
  },
  {
    table: 'nba_raw.game_lines',
    source: "'game_lines/' || bookmaker",
    thing: 'home_abbr',
    side: 'home_abbr',
    teamsPerSide: 2,
    at: 'snapshot_at',
  },
] as const;

/**
 * SQL: what every source covered on each slate from @from to @slate: players named, teams covered, and the hours in New York at
 * which it named the first one, and each of them on average; `only` narrows the rows.
 */
export function coveredSql(only?: { readonly join: string; readonly where: string }): string {
  return COVERING.map((covering) => {
    const { table, source, thing, side, teamsPerSide, at } = covering;
    const conditions = [
      'slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)',
      ...('where' in covering ? [covering.where] : []),
      ...(only === undefined ? [] : [only.where]),
    ];
    return `
  SELECT name AS source, slate, COUNT(DISTINCT thing) AS players, ${teamsPerSide} * COUNT(DISTINCT sided) AS teams,
    MIN(fn.seconds_between(fn.eastern_instant(slate, 0), first_at)) / 3600 AS first_hour,
    AVG(fn.seconds_between(fn.eastern_instant(slate, 0), first_at)) / 3600 AS usual_hour
  FROM (
    SELECT ${source} AS name, slate, ${thing} AS thing, ${side} AS sided, MIN(${at}) AS first_at
    FROM ${table}${only === undefined ? '' : ` ${only.join}`} WHERE ${conditions.join(' AND ')}
    GROUP BY name, slate, thing, sided
  ) AS said
  GROUP BY name, slate`;
  }).join('\n  UNION ALL');
}

/** The declaration of a day: what was seen again and again before it, and so many sources that the configuration names. */
export function declarationSql(configured: number): Statement {
  const named = Array.from(
    { length: configured },
    (_, i) =>
      `SELECT CAST(@source${i} AS STRING) AS source, CAST(NULL AS FLOAT64) AS players_per_game, CAST(NULL AS FLOAT64) AS teams_per_game, CAST(NULL AS FLOAT64) AS first_hour, CAST(NULL AS FLOAT64) AS usual_hour, 'configuration' AS declared_by`,
  );
  return statement({
    owner: 'declared sources',
    sql: `
MERGE INTO nba_reference.declared_sources t
USING (
  SELECT source, MAX(players_per_game) AS players_per_game, MAX(teams_per_game) AS teams_per_game, MAX(first_hour) AS first_hour, MAX(usual_hour) AS usual_hour, MIN(declared_by) AS declared_by
  FROM (
    SELECT c.source, ROUND(AVG(fn.safe_div(c.players, g.games)), 3) AS players_per_game,
      ROUND(AVG(fn.least2(fn.safe_div(c.teams, g.games), 2.0)), 3) AS teams_per_game,
      ROUND(fn.least2(fn.greatest2(MAX(c.first_hour), -24.0), 48.0), 2) AS first_hour, ROUND(fn.least2(fn.greatest2(MAX(c.usual_hour), -24.0), 48.0), 2) AS usual_hour, 'observation' AS declared_by
    FROM (${coveredSql()}
    ) AS c
    JOIN (
      SELECT slate, COUNT(*) AS games, ROW_NUMBER() OVER (ORDER BY slate DESC) AS days_back
      FROM nba_reference.counted_games
      WHERE slate >= CAST(@from AS DATE) AND slate < CAST(@slate AS DATE)
      GROUP BY slate
    ) AS g ON g.slate = c.slate
    GROUP BY c.source
    HAVING COUNT(*) >= ${MIN_OBSERVED} AND COUNT(*) >= ${MIN_OBSERVED_SHARE} * MAX(g.days_back)
      AND AVG(fn.safe_div(c.players, g.games)) >= ${MIN_PER_GAME}${named.map((one) => `\n    UNION ALL\n    ${one}`).join('')}
  ) AS every
  GROUP BY source
) AS s
ON t.source = s.source
WHEN MATCHED AND t.until_slate IS NULL AND t.players_per_game IS NULL AND s.players_per_game IS NOT NULL THEN
  UPDATE SET players_per_game = s.players_per_game, teams_per_game = s.teams_per_game, first_hour = s.first_hour, usual_hour = s.usual_hour,
    declared_at = CAST(@at AS TIMESTAMP)
WHEN NOT MATCHED THEN
  INSERT (source, players_per_game, teams_per_game, first_hour, usual_hour, from_slate, declared_by, declared_at)
  VALUES (s.source, s.players_per_game, s.teams_per_game, s.first_hour, s.usual_hour, CAST(@slate AS DATE), s.declared_by, CAST(@at AS TIMESTAMP))`,
  });
}

interface SourceDeps {
  readonly warehouse: Pick<Warehouse, 'execute' | 'query'>;
  readonly clock: Clock;
}

/**
 * Writes down, for a slate and those after it, the sources that were seen on nearly every game day before it and those that the
 * configuration names. What is declared keeps its numbers; what was retired stays retired. Returns how many rows changed.
 */
export async function declareSources(
  { warehouse, clock }: SourceDeps,
  slate: Slate,
  configured: readonly string[],
): Promise<number> {
  const params: SqlParams = {
    slate,
    from: addDays(slate, -OBSERVED_DAYS),
    at: clock.now().toISOString(),
    ...Object.fromEntries(configured.map((source, i) => [`source${i}`, checkedSource(source)])),
  };
  return warehouse.execute(declarationSql(configured.length).sql, params);
}

/** The name of a source. Throws TIPOFF_BAD_INPUT when it is none. */
export function checkedSource(name: string): string {
  if (SOURCE_NAME.test(name)) return name;
  throw new TipoffError(
    'TIPOFF_BAD_INPUT',
    `expected a source such as availability, lines, lines/draftkings/points or game_lines/draftkings, saw "${name}"`,
    { hint: 'See `tipoff sources list` for the names of those that are declared.', details: { name } },
  );
}

/** The declared sources, those that are expected first. */
export async function readSources(warehouse: Pick<Warehouse, 'query'>): Promise<DeclaredSource[]> {
  return warehouse.query<DeclaredSource>(
    `SELECT source, players_per_game, teams_per_game, first_hour, usual_hour, from_slate, until_slate, declared_by, reason, declared_at
     FROM nba_reference.declared_sources ORDER BY until_slate IS NOT NULL, source`,
  );
}

/** Who declares or retires a source by hand, for which slate, and why. */
export interface SourceChange {
  readonly source: string;
  readonly slate: Slate;
  readonly by: string;
  readonly reason: string;
}

/** Declares a source by hand from a slate on, in the place of what was declared of it before. */
export async function declareSource(
  { warehouse, clock }: SourceDeps,
  change: SourceChange & { readonly playersPerGame: number | null },
): Promise<void> {
  await warehouse.execute(
    `MERGE INTO nba_reference.declared_sources t
     USING (SELECT @source AS source, CAST(@players AS FLOAT64) AS players_per_game) AS s
     ON t.source = s.source
     WHEN MATCHED THEN UPDATE SET players_per_game = s.players_per_game, teams_per_game = NULL, first_hour = NULL, usual_hour = NULL, from_slate = CAST(@slate AS DATE), until_slate = NULL,
       declared_by = @by, reason = @reason, declared_at = CAST(@at AS TIMESTAMP)
     WHEN NOT MATCHED THEN INSERT (source, players_per_game, from_slate, declared_by, reason, declared_at)
       VALUES (s.source, s.players_per_game, CAST(@slate AS DATE), @by, @reason, CAST(@at AS TIMESTAMP))`,
    {
      source: checkedSource(change.source),
      players: change.playersPerGame,
      slate: change.slate,
      by: change.by,
      reason: change.reason,
      at: clock.now().toISOString(),
    },
  );
}

/** Expects a source no more from a slate on. Throws TIPOFF_NOT_FOUND when it is not expected. */
export async function retireSource({ warehouse, clock }: SourceDeps, change: SourceChange): Promise<void> {
  const changed = await warehouse.execute(
    `UPDATE nba_reference.declared_sources SET until_slate = CAST(@until AS DATE), declared_by = @by, reason = @reason, declared_at = CAST(@at AS TIMESTAMP)
     WHERE source = @source AND until_slate IS NULL`,
    {
      source: change.source,
      until: addDays(change.slate, -1),
      by: change.by,
      reason: change.reason,
      at: clock.now().toISOString(),
    },
  );
  if (changed > 0) return;
  throw new TipoffError('TIPOFF_NOT_FOUND', `no source "${change.source}" is expected`, {
    hint: 'See `tipoff sources list`.',
    details: { source: change.source },
  });
}
