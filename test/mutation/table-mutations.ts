import { addDays, type Slate } from '#core/calendar.ts';
import { columnNames } from '#core/contracts/define.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { contract, LASTING, LONG, type Mutation, ONCE } from './mutation.ts';
import { mutationLeague } from './world.ts';

interface TablePlace {
  readonly table: string;
  /** Columns whose value somebody relies on. */
  readonly numbers: readonly string[];
  readonly flags?: readonly string[];
  readonly pairs?: readonly (readonly [string, string])[];
  /** Column by whose values groups are told apart. */
  readonly group: string;
  readonly person?: string;
  /** Last night's rows are damaged and not tonight's. */
  readonly isLastNight?: boolean;
}

const TABLES: readonly TablePlace[] = [
  {
    table: 'nba_analytics.player_game_summary',
    numbers: ['points', 'minutes', 'reb'],
    flags: ['played'],
    pairs: [
      ['points', 'reb'],
      ['fgm', 'fga'],
    ],
    group: 'team_abbr',
    person: 'player_id',
    isLastNight: true,
  },
  {
    table: 'nba_analytics.team_game_summary',
    numbers: ['points', 'pace', 'opponent_points'],
    pairs: [['points', 'opponent_points']],
    group: 'team_abbr',
    isLastNight: true,
  },
  {
    table: 'nba_reference.schedule',
    numbers: [],
    flags: ['is_counted'],
    pairs: [['home_abbr', 'away_abbr']],
    group: 'home_abbr',
  },
  {
    table: 'nba_analytics.upcoming_team_game_context',
    numbers: ['rest_days', 'spread', 'total'],
    flags: ['is_home'],
    group: 'team_abbr',
  },
  {
    table: 'nba_analytics.player_prop_lines',
    numbers: ['line', 'over_price'],
    pairs: [['over_price', 'under_price']],
    group: 'bookmaker',
    person: 'player_id',
  },
  {
    table: 'nba_analytics.upcoming_player_game_context',
    numbers: ['line', 'over_price', 'second_line'],
    flags: ['has_prop_line', 'is_home'],
    group: 'team_abbr',
    person: 'player_id',
  },
  {
    table: 'nba_precompute.team_defense_zone_analysis',
    numbers: ['pace', 'points_ratio', 'league_ppm'],
    group: 'team_abbr',
  },
  {
    table: 'nba_precompute.player_daily_cache',
    numbers: ['pts_ewma8', 'min_ewma8', 'minutes_last7'],
    group: 'team_abbr',
    person: 'player_id',
  },
  {
    table: 'nba_precompute.player_availability',
    numbers: ['p_plays', 'share', 'min_ewma8'],
    group: 'team_abbr',
    person: 'player_id',
  },
  {
    table: 'nba_precompute.player_composite_factors',
    numbers: ['p_plays', 'opp_pace'],
    group: 'season',
    person: 'player_id',
  },
  {
    table: 'nba_predictions.ml_feature_store',
    numbers: [
      'pts_ewma8',
      'min_ewma8',
      'minutes_rate',
      'pts_season',
      'opp_pace',
      'rest_days',
      'expected_margin',
      'line',
    ],
    flags: ['is_quality_ready', 'is_home'],
    pairs: [
      ['pts_ewma8', 'min_ewma8'],
      ['pts_season', 'pts_ewma8'],
    ],
    group: 'team_abbr',
    person: 'player_id',
  },
  {
    table: 'nba_predictions.staged_predictions',
    numbers: ['predicted', 'p_over', 'sd', 'line', 'confidence', 'edge'],
    flags: ['is_actionable'],
    pairs: [['p_over', 'p_under']],
    group: 'team_abbr',
    person: 'player_id',
  },
  {
    table: 'nba_predictions.player_prop_predictions',
    numbers: ['predicted', 'p_over', 'sd', 'line', 'confidence'],
    flags: ['is_actionable'],
    pairs: [['p_over', 'p_under']],
    group: 'team_abbr',
    person: 'player_id',
  },
  { table: 'nba_predictions.publications', numbers: ['row_count', 'players'], group: 'run_mode' },
  {
    table: 'nba_predictions.prediction_grades',
    numbers: ['actual', 'profit', 'signed_error', 'confidence'],
    flags: ['is_correct'],
    group: 'team_abbr',
    person: 'player_id',
    isLastNight: true,
  },
  { table: 'nba_predictions.subset_picks', numbers: ['rank'], group: 'subset_id', person: 'player_id' },
];

function tableMutations(place: TablePlace): Mutation[] {
  const table = contract(
    place.table === 'nba_predictions.staged_predictions'
      ? 'nba_predictions.player_prop_predictions'
      : place.table,
  );
  const names = columnNames(table).filter(
    (name) =>
      place.table !== 'nba_predictions.staged_predictions' ||
      !['publication_id', 'record_class'].includes(name),
  );
  const own = (
    operator: string,
    column: string | undefined,
    sql: (scope: string, slate: Slate) => readonly string[],
    slates: readonly number[] = ONCE,
  ): Mutation => ({
    operator,
    place: column === undefined ? place.table : `${place.table}.${column}`,
    slates,
    damage: {
      touches: [place.table],
      written: {
        table: place.table,
        sql: (day) => {
          const slate = place.isLastNight === true ? addDays(day, -1) : day;
          return sql(`slate = DATE '${slate}'`, slate);
        },
      },
    },
  });
  const set = (column: string, expression: string) => (scope: string) => [
    `UPDATE {table} SET ${column} = ${expression} WHERE ${scope} AND ${column} IS NOT NULL`,
  ];
  const typed = (column: string): string => {
    const { type } = table.columns[column] ?? { type: 'FLOAT64' };
    return type === 'INT64'
      ? 'BIGINT'
      : type === 'NUMERIC'
        ? 'DECIMAL(38, 9)'
        : type === 'BOOL'
          ? 'BOOLEAN'
          : 'DOUBLE';
  };
  const lots = names.filter((name) =>
    [
      'player_id',
      'team_abbr',
      'game_id',
      'bookmaker',
      'home_abbr',
      'market',
      'system_id',
      'prediction_id',
    ].includes(name),
  );
  const share = (percent: number) => (scope: string) => [
    `DELETE FROM {table} WHERE ${scope} AND hash(${lots.map((name) => `CAST(${name} AS VARCHAR)`).join(" || '/' || ")}) % 100 < ${percent}`,
  ];
  const required = (column: string): boolean => table.columns[column]?.required === true;
  const { person, group } = place;
  return [
    own('drop 30 %', undefined, share(30), LASTING),
    own('drop 70 %', undefined, share(70), LASTING),
    own('drop all', undefined, (scope) => [`DELETE FROM {table} WHERE ${scope}`], LONG),
    own(
      'drop one group',
      group,
      (scope) => [
        `DELETE FROM {table} WHERE ${scope} AND ${group} = (SELECT MIN(${group}) FROM {table} WHERE ${scope})`,
      ],
      LASTING,
    ),
    ...place.numbers
      .filter((column) => column in table.columns)
      .flatMap((column) => [
        ...(required(column) ? [] : [own('null', column, set(column, 'NULL'), LASTING)]),
        own('zero', column, set(column, '0')),
        own('constant', column, (scope) => [
          `UPDATE {table} SET ${column} = (SELECT CAST(MEDIAN(${column}) AS ${typed(column)}) FROM {table} WHERE ${scope}) WHERE ${scope}`,
        ]),
        own('×10', column, set(column, `CAST(${column} * 10 AS ${typed(column)})`), LASTING),
        own('×1.5', column, set(column, `CAST(${column} * 1.5 AS ${typed(column)})`)),
        own('negate', column, set(column, `-${column}`)),
      ]),
    ...(place.flags ?? []).map((column) => own('negate', column, set(column, `NOT ${column}`), LASTING)),
    ...(place.pairs ?? []).map(([a, b]) =>
      own('swap columns', `${a}, ${b}`, (scope) => [
        `UPDATE {table} SET ${a} = CAST(${b} AS ${a.endsWith('abbr') ? 'VARCHAR' : typed(a)}), ${b} = CAST(${a} AS ${b.endsWith('abbr') ? 'VARCHAR' : typed(b)}) WHERE ${scope}`,
      ]),
    ),
    ...(person === undefined
      ? []
      : [
          own('swap two players', person, (scope) => [
            `UPDATE {table} SET player_id = CASE player_id WHEN (SELECT MIN(player_id) FROM {table} WHERE ${scope}) THEN (SELECT MAX(player_id) FROM {table} WHERE ${scope}) WHEN (SELECT MAX(player_id) FROM {table} WHERE ${scope}) THEN (SELECT MIN(player_id) FROM {table} WHERE ${scope}) ELSE player_id END WHERE ${scope}`,
          ]),
        ]),
    own(
      'duplicate',
      undefined,
      (scope) => [`INSERT INTO {table} SELECT * FROM {table} WHERE ${scope}`],
      LASTING,
    ),
    own('a day later', 'slate', (scope) => [`UPDATE {table} SET slate = slate + 1 WHERE ${scope}`], LASTING),
    own(
      'yesterday’s copy',
      undefined,
      (scope, slate) => [
        `DELETE FROM {table} WHERE ${scope}`,
        `INSERT INTO {table} SELECT * REPLACE (DATE '${slate}' AS slate) FROM ${place.table === 'nba_predictions.staged_predictions' ? `(SELECT * EXCLUDE (publication_id, record_class) FROM nba_predictions.player_prop_predictions)` : '{table}'} WHERE slate = DATE '${addDays(slate, -1)}'`,
      ],
      LASTING,
    ),
  ];
}

/** The result is written into a feature: what nobody can know before tip-off. */
function leakMutations(): Mutation[] {
  const actual = (column: string, day: Slate): string =>
    mutationLeague()
      .tables.playerBoxScores.filter((row) => row.slate === day && row.played)
      .map(
        (row) => `WHEN ${row.player_id} THEN ${Number(column.startsWith('min') ? row.minutes : row.points)}`,
      )
      .join(' ');
  return ['pts_ewma8', 'min_ewma8', 'pts_season'].map((column) => ({
    operator: 'the result in a feature',
    place: `nba_predictions.ml_feature_store.${column}`,
    slates: LONG,
    damage: {
      touches: ['nba_predictions.ml_feature_store'],
      written: {
        table: 'nba_predictions.ml_feature_store',
        sql: (day: Slate) => [
          `UPDATE {table} SET ${column} = CASE player_id ${actual(column, day)} ELSE ${column} END WHERE slate = DATE '${day}'`,
        ],
      },
    },
  }));
}

/** A statement of Tipoff that computes nonsense: what it writes is what it computed, and no book contradicts it. */
function statementMutations(): Mutation[] {
  const wrong = (operator: string, table: string, column: string, as: string): Mutation => ({
    operator,
    place: `${table}.${column}`,
    slates: ONCE,
    damage: {
      touches: [table],
      computed: {
        table,
        sql: (computed) => `SELECT * REPLACE (${as} AS ${column}) FROM (${computed}) AS computed`,
      },
    },
  });
  const [summary, cache, features, grades] = [
    'nba_analytics.player_game_summary',
    'nba_precompute.player_daily_cache',
    'nba_predictions.ml_feature_store',
    'nba_predictions.prediction_grades',
  ];
  const neighbour = (column: string): string =>
    `LAG(${column}, 1, ${column}) OVER (PARTITION BY slate ORDER BY player_id)`;
  return [
    wrong('a wrong join', summary, 'minutes', neighbour('minutes')),
    wrong('a wrong join', cache, 'pts_ewma8', neighbour('pts_ewma8')),
    wrong('a wrong window', cache, 'minutes_last7', 'minutes_last7 * 2'),
    wrong('a wrong window', features, 'pts_ewma8', 'pts_season'),
    wrong('a wrong sign', features, 'expected_margin', '-expected_margin'),
    wrong('a wrong join', features, 'opp_pace', neighbour('opp_pace')),
    few('a wrong join of a few', grades, 'player_id % 20 = 3', ['predicted + 3', 'signed_error + 3']),
    few('a few without their newest game', cache, 'player_id % 16 = 3 AND last_played_on >= slate - 7', [
      'last_played_on - 2',
      'pts_ewma8 * 0.7',
    ]),
  ];
}

/** A statement that computes nonsense for a few players: each expression begins with the column that it stands for. */
function few(operator: string, table: string, who: string, expressions: readonly string[]): Mutation {
  const replaced = expressions.map((as) => {
    const [column = ''] = as.split(' ');
    return `CASE WHEN ${who} THEN ${as} ELSE ${column} END AS ${column}`;
  });
  return {
    operator,
    place: table,
    slates: ONCE,
    damage: {
      touches: [table],
      computed: {
        table,
        sql: (computed) => `SELECT * REPLACE (${replaced.join(', ')}) FROM (${computed}) AS computed`,
      },
    },
  };
}

/** Receipts and books that the guards themselves read. */
function bookMutations(): Mutation[] {
  const books = ['nba_orchestration.phase_runs', 'nba_orchestration.written_rows', 'nba_raw.ingested_files'];
  const drops = books.map(
    (table): Mutation => ({
      operator: 'drop all',
      place: table,
      slates: LASTING,
      damage: {
        touches: [table],
        after: async (world) => void (await world.warehouse.execute(`DELETE FROM ${table} WHERE TRUE`)),
      },
    }),
  );
  const sql = (
    operator: string,
    place: string,
    statement: (day: Slate) => string,
    fault?: string,
  ): Mutation => ({
    operator,
    place,
    slates: LASTING,
    ...omitUndefined({ fault }),
    damage: {
      touches: [place.split('.').slice(0, 2).join('.')],
      after: async (world, day) => void (await world.warehouse.execute(statement(day))),
    },
  });
  return [
    ...drops,
    sql(
      'drop all',
      'nba_orchestration.heartbeats',
      () => 'DELETE FROM nba_orchestration.heartbeats WHERE TRUE',
    ),
    sql(
      'hours later',
      'nba_orchestration.heartbeats.beat_at',
      () =>
        'UPDATE nba_orchestration.heartbeats SET beat_at = beat_at - INTERVAL 60 HOUR, succeeded_at = succeeded_at - INTERVAL 60 HOUR WHERE TRUE',
    ),
    sql(
      'verdict failed',
      'nba_orchestration.phase_runs.verdict',
      (day) => `UPDATE nba_orchestration.phase_runs SET verdict = 'failed' WHERE slate_from = DATE '${day}'`,
    ),
    sql(
      'zero',
      'nba_orchestration.written_rows.checksum',
      (day) => `UPDATE nba_orchestration.written_rows SET checksum = 0 WHERE slate = DATE '${day}'`,
    ),
    sql(
      'rejected rows',
      'nba_raw.ingested_files.rows_rejected',
      () =>
        'UPDATE nba_raw.ingested_files SET rows_rejected = rows_read, rows_loaded = 0 WHERE rows_read >= 20',
      'the rows of a source are refused',
    ),
    {
      operator: 'a lost game',
      place: 'nba_raw.player_box_scores (days ago)',
      slates: ONCE,
      damage: {
        touches: ['nba_raw.player_box_scores'],
        before: async ({ warehouse }, day) =>
          void (await warehouse.execute(
            `DELETE FROM nba_raw.player_box_scores WHERE game_id = (
               SELECT g.game_id FROM nba_reference.counted_games g
               JOIN nba_reference.counted_games t ON t.slate = DATE '${day}' AND (g.home_abbr IN (t.home_abbr, t.away_abbr) OR g.away_abbr IN (t.home_abbr, t.away_abbr))
               WHERE g.slate BETWEEN DATE '${addDays(day, -6)}' AND DATE '${addDays(day, -4)}'
               GROUP BY g.game_id HAVING COUNT(*) = 1 ORDER BY MAX(g.slate) DESC, g.game_id LIMIT 1)`,
          )),
      },
    },
    sql(
      'event renamed',
      'nba_predictions.publications.event',
      (day) => `UPDATE nba_predictions.publications SET event = 'PUBLISHED' WHERE slate = DATE '${day}'`,
    ),
    sql(
      'withdrawn by nobody',
      'nba_predictions.publications',
      (day) =>
        `INSERT INTO nba_predictions.publications SELECT * REPLACE ('withdrawn' AS event) FROM nba_predictions.publications WHERE slate = DATE '${day}'`,
    ),
    sql(
      'audit lost',
      'nba_predictions.publications.audit',
      (day) => `UPDATE nba_predictions.publications SET audit = '[]' WHERE slate = DATE '${day}'`,
      'rows are visible without an audit',
    ),
    {
      ...sql(
        'copied without a receipt',
        'nba_predictions.player_prop_predictions',
        (day) =>
          `INSERT INTO nba_predictions.player_prop_predictions SELECT * REPLACE ('lost ' || publication_id AS publication_id, predicted_at - INTERVAL 3 HOUR AS predicted_at)
           FROM nba_predictions.player_prop_predictions WHERE slate = DATE '${day}'`,
        'rows of a lost attempt to publish lie among the predictions',
      ),
      isForDigest: true,
    },
  ];
}

/** Damage of what a writer of Tipoff makes of it. */
export function tablesMutations(): Mutation[] {
  return [...TABLES.flatMap(tableMutations), ...leakMutations(), ...statementMutations(), ...bookMutations()];
}
