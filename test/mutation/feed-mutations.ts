import { addDays, easternInstant, type Slate } from '#core/calendar.ts';
import { columnNames, tableId } from '#core/contracts/define.ts';
import type { FeedRow } from './feed.ts';
import { contract, LASTING, LONG, type Mutation, ONCE } from './mutation.ts';
import {
  change,
  conflicting,
  constant,
  drop,
  dropOne,
  exchange,
  exchangeValues,
  onFeed,
  type RowDamage,
  type Rows,
  relabelled,
  shiftDays,
  shiftHours,
  stale,
  text,
  times,
  twice,
} from './row-damage.ts';
import { mutationLeague } from './world.ts';

interface FeedPlace {
  readonly table: string;
  /** Numeric columns. */
  readonly numbers: readonly string[];
  readonly dates: readonly string[];
  readonly instants: readonly string[];
  readonly pairs: readonly (readonly [string, string])[];
  readonly groups: readonly string[];
  readonly people?: readonly string[];
}

const FEEDS: readonly FeedPlace[] = [
  {
    table: 'nba_raw.player_box_scores',
    numbers: ['points', 'minutes', 'fga', 'fg3m', 'reb', 'ast'],
    dates: ['slate'],
    instants: [],
    pairs: [
      ['points', 'reb'],
      ['fgm', 'fga'],
      ['ast', 'tov'],
      ['team_abbr', 'opponent_abbr'],
      ['minutes', 'plus_minus'],
    ],
    groups: ['team_abbr', 'player_id', 'game_id'],
    people: ['player_id', 'player_name', 'player_lookup'],
  },
  {
    table: 'nba_raw.team_box_scores',
    numbers: ['points', 'fga', 'tov', 'minutes'],
    dates: ['slate'],
    instants: [],
    pairs: [
      ['points', 'reb'],
      ['fga', 'fta'],
      ['team_abbr', 'opponent_abbr'],
    ],
    groups: ['team_abbr', 'game_id'],
  },
  {
    table: 'nba_raw.player_lines',
    numbers: ['line', 'over_price', 'under_price'],
    dates: ['slate'],
    instants: ['snapshot_at', 'commence_at'],
    pairs: [
      ['over_price', 'under_price'],
      ['home_abbr', 'away_abbr'],
    ],
    groups: ['bookmaker', 'player_lookup', 'home_abbr', 'market'],
    people: ['player_name', 'player_lookup'],
  },
  {
    table: 'nba_raw.game_lines',
    numbers: ['spread_home', 'total'],
    dates: ['slate'],
    instants: ['snapshot_at', 'commence_at'],
    pairs: [
      ['spread_home', 'total'],
      ['home_abbr', 'away_abbr'],
    ],
    groups: ['bookmaker', 'home_abbr'],
  },
  {
    table: 'nba_raw.injury_reports',
    numbers: [],
    dates: ['slate'],
    instants: ['report_at'],
    pairs: [['team_abbr', 'opponent_abbr']],
    groups: ['team_abbr', 'player_id'],
    people: ['player_id', 'player_name', 'player_lookup'],
  },
  {
    table: 'nba_raw.schedule_games',
    numbers: ['home_score', 'away_score'],
    dates: ['slate'],
    instants: ['tipoff_at'],
    pairs: [
      ['home_abbr', 'away_abbr'],
      ['home_score', 'away_score'],
    ],
    groups: ['home_abbr', 'game_id'],
  },
];

/** One player has an id that nobody had. */
const underAnotherId: RowDamage = (rows) => {
  const who = text(rows[0] ?? {}, 'player_lookup');
  return rows.map((row) => (text(row, 'player_lookup') === who ? { ...row, player_id: 7_777_777 } : row));
};

function feedMutations(place: FeedPlace): Mutation[] {
  const { table, numbers, dates, instants, pairs, groups, people } = place;
  const own = (
    operator: string,
    column: string | undefined,
    damage: RowDamage,
    slates: readonly number[] = ONCE,
  ): Mutation => ({
    operator,
    place: column === undefined ? table : `${table}.${column}`,
    damage: onFeed(table, damage),
    slates,
  });
  return [
    own('drop 30 %', undefined, drop(30), LASTING),
    own('drop 70 %', undefined, drop(70), LASTING),
    own('drop all', undefined, () => [], LONG),
    ...groups.map((column) => own('drop one group', column, dropOne(column), LASTING)),
    ...numbers.flatMap((column) => [
      own(
        'null',
        column,
        change(column, () => null),
        LASTING,
      ),
      own(
        'zero',
        column,
        change(column, (value) => (typeof value === 'string' ? '0' : 0)),
      ),
      own('constant', column, constant(column)),
      own('×10', column, change(column, times(10)), LASTING),
      own('×100', column, change(column, times(100))),
      own('negate', column, change(column, times(-1))),
    ]),
    ...dates.flatMap((column) => [
      own('a day later', column, change(column, shiftDays(1)), LASTING),
      own('a day earlier', column, change(column, shiftDays(-1))),
      own('a year later', column, change(column, shiftDays(365))),
    ]),
    ...instants.flatMap((column) => [
      own('hours later', column, change(column, shiftHours(5)), LASTING),
      own('hours earlier', column, change(column, shiftHours(-5))),
    ]),
    ...pairs.map(([a, b]) => own('swap columns', `${a}, ${b}`, exchange(a, b), LASTING)),
    ...(people === undefined
      ? []
      : [own('swap two players', people[0], exchangeValues('player_lookup', people))]),
    ...(numbers.includes('minutes') && people !== undefined
      ? [own('one player under another id', 'player_id', underAnotherId, LASTING)]
      : []),
    ...(groups.includes('team_abbr')
      ? [own('swap two teams', 'team_abbr', exchangeValues('team_abbr', ['team_abbr']))]
      : [own('swap two teams', 'home_abbr', exchangeValues('home_abbr', ['home_abbr']))]),
    own('duplicate', undefined, twice),
    ...numbers.slice(0, 1).map((column) => own('conflicting duplicate', column, conflicting(column))),
    own('yesterday’s copy', undefined, stale(table), LASTING),
    own('values of another row', undefined, relabelled, LASTING),
    ...fileMutations(table),
  ];
}

/** Damage of the file of a delivery. */
function fileMutations(table: string): Mutation[] {
  const files: readonly (readonly [string, (rows: string) => readonly string[]])[] = [
    ['a web page', () => ['<!DOCTYPE html><html><body>Too many requests</body></html>']],
    ['truncation', (whole) => [whole.slice(0, whole.length / 2)]],
    ['an empty file', () => ['']],
    ['an empty list', (whole) => [whole.replace(/"rows":.*$/s, '"rows":[]}')]],
    ['renamed field', (whole) => [renamed(whole)]],
    ['retyped field', (whole) => [retyped(whole)]],
    ['the file twice', (whole) => [whole, whole]],
  ];
  return files.map(([operator, change_]) => ({
    operator,
    place: `file of ${table}`,
    slates: operator === 'a web page' || operator === 'renamed field' ? LASTING : ONCE,
    damage: {
      touches: [table],
      file: (delivery, whole) =>
        tableId(delivery.table) === table
          ? change_(new TextDecoder().decode(whole)).map((one) => new TextEncoder().encode(one))
          : [whole],
    },
  }));
}

/** The field of a feed that says most. */
const MAIN_FIELDS = ['points', 'line', 'total', 'status', 'home_score'];
function mainField(whole: string): string {
  return MAIN_FIELDS.find((name) => whole.includes(`"${name}":`)) ?? 'slate';
}
function renamed(whole: string): string {
  const field = mainField(whole);
  return whole.replaceAll(`"${field}":`, `"${field}_v2":`);
}
function retyped(whole: string): string {
  return whole.replace(
    new RegExp(`"${mainField(whole)}":("?)([^,"}]*)"?`, 'g'),
    (_all, quote: string, value: string) =>
      quote === '' ? `"${mainField(whole)}":"${value}"` : `"${mainField(whole)}":{"value":"${value}"}`,
  );
}

/** Other values in every quote of a market that few books quote: points have more to be compared with. */
const ofRebounds =
  (values: FeedRow): RowDamage =>
  (rows) =>
    rows.map((row) => (text(row, 'market') === 'rebounds' ? { ...row, ...values } : row));

/** Rows of one game of the day beside those that there are. */
const alsoOfOneGame =
  (as: (row: FeedRow, day: Slate) => FeedRow): RowDamage =>
  (rows, day) => {
    const tonight = rows.filter((row) => text(row, 'slate') === day);
    const home = text(tonight[0] ?? {}, 'home_abbr');
    return [...rows, ...tonight.filter((row) => text(row, 'home_abbr') === home).map((row) => as(row, day))];
  };

/** Quotes of a game that began this morning, unknown to the schedule: they follow the score. */
const duringPlay = alsoOfOneGame((row, day) => ({
  ...row,
  line: String(Number(row['line']) + 4),
  commence_at: easternInstant(day, '11:00').toISOString(),
  snapshot_at: easternInstant(day, '12:09').toISOString(),
}));

/** A reserve whom no report of the day names is ruled out by each of them: the minutes that he leaves change nobody’s forecast. */
const reserveOut: RowDamage = (rows, day) => {
  const named = new Set(rows.map((row) => text(row, 'player_lookup')));
  const teams = new Set(rows.map((row) => text(row, 'team_abbr')));
  const [who] = mutationLeague()
    .tables.playerBoxScores.filter(
      (row) =>
        row.slate < day &&
        row.slate >= addDays(day, -3) &&
        row.played &&
        teams.has(row.team_abbr) &&
        !named.has(row.player_lookup),
    )
    .sort((a, b) => Number(a.minutes) - Number(b.minutes) || a.player_id - b.player_id);
  if (who === undefined) return rows;
  const { player_id, player_name, player_lookup, team_abbr } = who;
  const reports = Map.groupBy(
    rows.filter((row) => text(row, 'team_abbr') === team_abbr),
    (row) => text(row, 'report_at'),
  );
  const said = [...reports.values()].flatMap(([first]) =>
    first === undefined ? [] : [{ ...first, player_id, player_name, player_lookup, status: 'out' }],
  );
  return [...rows, ...said];
};

/** What the feed of lines and of reports can say wrongly in its own terms. */
function wordMutations(): Mutation[] {
  const lines = 'nba_raw.player_lines';
  const reports = 'nba_raw.injury_reports';
  const word = (
    operator: string,
    table: string,
    column: string,
    change_: RowDamage,
    slates = LASTING,
  ): Mutation => ({
    operator,
    place: `${table}.${column}`,
    damage: onFeed(table, change_),
    slates,
  });
  return [
    word(
      'one market labelled as another',
      lines,
      'market',
      change('market', (value) =>
        value === 'points' ? 'rebounds' : value === 'rebounds' ? 'points' : value,
      ),
    ),
    word(
      'one market labelled as another',
      lines,
      'market (points)',
      change('market', (value) => (value === 'points' ? 'pr' : value)),
    ),
    word('one value for all', lines, 'line (rebounds)', ofRebounds({ line: '4.5' })),
    word(
      'one value for all',
      lines,
      'over_price (rebounds)',
      ofRebounds({ over_price: 250, under_price: 250 }),
    ),
    word('one bookmaker ×1.5', lines, 'line', (rows) =>
      rows.map((row) =>
        text(row, 'bookmaker') === 'northline'
          ? { ...row, line: String(Math.round(Number(row['line']) * 1.5) + 0.5) }
          : row,
      ),
    ),
    word('one bookmaker + 4', lines, 'line', (rows) =>
      rows.map((row) =>
        text(row, 'bookmaker') === 'northline' ? { ...row, line: String(Number(row['line']) + 4) } : row,
      ),
    ),
    word('one bookmaker’s quarter lines', lines, 'line', (rows) =>
      rows.map((row) =>
        text(row, 'bookmaker') === 'northline'
          ? { ...row, line: String(Math.floor(Number(row['line'])) + 0.25) }
          : row,
      ),
    ),
    word(
      'averages instead of lines',
      lines,
      'line',
      change('line', (value) => String(Number(value) + 0.13)),
    ),
    word('one team + 4', lines, 'line', (rows) => {
      const home = text(rows[0] ?? {}, 'home_abbr');
      return rows.map((row) =>
        text(row, 'home_abbr') === home ? { ...row, line: String(Number(row['line']) + 4) } : row,
      );
    }),
    word(
      'all + 4',
      lines,
      'line',
      change('line', (value) => String(Number(value) + 4)),
    ),
    word('one player ×3', lines, 'line', (rows) => {
      const who = text(rows[0] ?? {}, 'player_lookup');
      return rows.map((row) =>
        text(row, 'player_lookup') === who ? { ...row, line: String(Number(row['line']) * 3) } : row,
      );
    }),
    word(
      'renamed value',
      lines,
      'bookmaker',
      change('bookmaker', (value) => `${String(value)}_us`),
    ),
    word(
      'renamed value',
      lines,
      'player_lookup',
      change('player_lookup', (value) => `${String(value)}jr`),
    ),
    word(
      'every price alike',
      lines,
      'over_price',
      change('over_price', () => -110),
    ),
    word(
      'a suspended market',
      lines,
      'line',
      alsoOfOneGame((row) => ({ ...row, line: 'suspended' })),
    ),
    word('quotes during play', lines, 'snapshot_at', duringPlay),
    word('ruled out before the run', reports, 'status (a reserve)', reserveOut, ONCE),
    word(
      'everybody out',
      reports,
      'status',
      change('status', () => 'out'),
    ),
    word(
      'nobody out',
      reports,
      'status',
      change('status', () => 'available'),
    ),
    word(
      'out and available swapped',
      reports,
      'status',
      change('status', (value) => (value === 'out' ? 'available' : value === 'available' ? 'out' : value)),
    ),
    word(
      'unknown word',
      reports,
      'status',
      change('status', () => 'rested'),
    ),
    word('renamed value', reports, 'player_lookup', (rows) =>
      rows.map((row) => ({ ...row, player_id: null, player_lookup: `${text(row, 'player_lookup')}x` })),
    ),
  ];
}

/** What a live schedule feed can say about games of tonight. */
function scheduleMutations(): Mutation[] {
  const table = contract('nba_raw.schedule_games');
  const says = (
    operator: string,
    change_: (row: FeedRow, index: number) => FeedRow | undefined,
    slates: readonly number[] = LASTING,
  ): Mutation => ({
    operator,
    place: `${tableId(table)} (tonight)`,
    slates,
    damage: {
      touches: [tableId(table)],
      feed: (sent, day) => {
        const tonight = (mutationLeague().tables.scheduleGames as unknown as Rows)
          .filter((row) => row['slate'] === day && row['statement'] === 'published')
          .sort((a, b) => text(a, 'game_id').localeCompare(text(b, 'game_id')));
        const observed_at = easternInstant(day, '11:00').toISOString();
        const names = columnNames(table).filter(
          (name) => !['source', 'source_file', 'source_line', 'row_id', 'ingested_at'].includes(name),
        );
        const rows = tonight.flatMap((row, index) => {
          const said = change_({ ...row, statement: 'current', observed_at }, index);
          return said === undefined
            ? []
            : [Object.fromEntries(names.map((name) => [name, said[name] ?? null]))];
        });
        const isMorning = sent.some(({ table: { name } }) => name === 'player_box_scores');
        return isMorning ? [...sent, { table, rows }] : sent;
      },
    },
  });
  const first = (change_: (row: FeedRow) => FeedRow) => (row: FeedRow, index: number) =>
    index === 0 ? change_(row) : undefined;
  return [
    says('tip-off hours later', (row) => ({
      ...row,
      tipoff_at: String(shiftHours(5)(row['tipoff_at'] ?? null)),
    })),
    says('tip-off hours earlier', (row) => ({
      ...row,
      tipoff_at: String(shiftHours(-9)(row['tipoff_at'] ?? null)),
    })),
    says(
      'wrongly postponed',
      first((row) => ({ ...row, status: 'postponed', status_text: 'PPD' })),
    ),
    says('all postponed', (row) => ({ ...row, status: 'postponed', status_text: 'PPD' })),
    says('final before tip-off', (row) => ({ ...row, status: 'final', home_score: 110, away_score: 100 })),
    says('final without a score', (row) => ({ ...row, status: 'final' })),
    says(
      'one game on another date',
      first((row) => ({
        ...row,
        slate: addDays(text(row, 'slate') as Slate, 1),
        tipoff_at: String(shiftHours(24)(row['tipoff_at'] ?? null)),
      })),
    ),
    says('teams swapped', (row) => ({
      ...row,
      home_abbr: row['away_abbr'] ?? null,
      away_abbr: row['home_abbr'] ?? null,
    })),
    says('date and tip-off disagree', (row) => ({
      ...row,
      tipoff_at: String(shiftHours(48)(row['tipoff_at'] ?? null)),
    })),
    says('season type changed', (row) => ({ ...row, season_type: 'preseason' })),
    says(
      'an invented game',
      first((row) => ({ ...row, source_game_key: '0022499999', game_id: '0022499999' })),
    ),
    says(
      'cancelled',
      first((row) => ({ ...row, status: 'cancelled' })),
    ),
  ];
}

/** Damage of what arrives: rows, files, and what a feed can say wrongly in its own words. */
export function feedsMutations(): Mutation[] {
  return [...FEEDS.flatMap(feedMutations), ...wordMutations(), ...scheduleMutations()];
}
