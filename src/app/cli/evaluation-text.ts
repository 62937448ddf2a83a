import type { Evaluation } from '#app/evaluation.ts';
import { percent } from '#core/format.ts';
import type { BetRecord } from '#model/bet-record.ts';
import type { BootstrapMean } from '#model/metrics.ts';
import {
  type Dimension,
  ERROR_DIMENSIONS,
  type GroupScores,
  type LineGroup,
  type MarketScores,
} from '#model/report.ts';
import { tableLines } from '#platform/report/console.ts';

/** Picks below which a bin of confidence is not printed. */
const MIN_SHOWN_BIN = 100;
const WIDTH = 110;
/** The champion's lines of all markets together. */
const ALL = 'all';

/** All measurements on one screen: errors and lines by market, what bets would have earned, presence, alarms. */
export function evaluationLines(report: Evaluation): string[] {
  const { from, to, refits, rows, markets } = report;
  const champions = markets.filter(({ champion }) => champion);
  return [
    `Walk-forward ${from} to ${to}: ${refits} refits, ${rows} forecasts a market, each from what was known before.`,
    `Champion ${champions[0]?.system ?? 'silent'}; 95 % intervals by dates (Wilson’s for hit rates).`,
    '',
    ...errorTable(champions),
    ...lineTables(report, champions),
    ...presenceLines(report),
    ...alarmLines(report),
  ];
}

/** The champion in one market, or at the lines of all of them, by one dimension. */
export function breakdownLines(report: Evaluation, dimension: Dimension, market: string): string[] {
  const scores = report.markets.find((one) => one.champion && one.market === market);
  const lines = scores?.at_lines ?? report.at_lines;
  const at = scores?.at_lines == null ? `lines of ${ALL} markets` : market;
  const errors =
    scores?.by != null && isErrorDimension(dimension)
      ? ['', `${market} by ${dimension}:`, ...groupTable(dimension, scores.by[dimension])]
      : [];
  const bets =
    lines === null
      ? []
      : ['', `At bookmakers’ lines by ${dimension}, ${at}:`, ...lineTable(dimension, lines.by[dimension])];
  return [...errors, ...bets];
}

function isErrorDimension(dimension: Dimension): dimension is (typeof ERROR_DIMENSIONS)[number] {
  return (ERROR_DIMENSIONS as readonly Dimension[]).includes(dimension);
}

function errorTable(champions: readonly MarketScores[]): string[] {
  const heads = [
    'market',
    'MAE',
    'mean',
    'RMSE',
    'bias',
    'CRPS',
    'log',
    'CRPS to ewma8, %',
    'in 80 %',
    'PIT',
  ];
  return tableLines(
    [...heads, 'slope', 'ECE'],
    champions.map((scores) => [
      ...[scores.market, scores.mae_median.toFixed(3), scores.mae_mean.toFixed(3), scores.rmse.toFixed(3)],
      ...[scores.bias.toFixed(2), scores.crps.toFixed(3), scores.log_score.toFixed(3), toBaseline(scores)],
      ...[
        percent(scores.coverage80),
        scores.pit_ks.toFixed(3),
        scores.slope_free.toFixed(2),
        scores.ece_free.toFixed(3),
      ],
    ]),
  );
}

/** The difference to `ewma8` in percent of its score. */
function toBaseline({ crps, against }: MarketScores): string {
  const { mean, low, high } = against.ewma8.crps;
  const base = crps - mean;
  const share = (value: number): string => ((100 * value) / base).toFixed(1);
  return `${share(mean)} (${share(low)} to ${share(high)})`;
}

function lineTables(report: Evaluation, champions: readonly MarketScores[]): string[] {
  const lined = champions.filter(({ line }) => line !== null);
  if (lined.length === 0) return ['', 'No bookmaker’s line in this span.'];
  const calibrated = [
    ...lined.map(({ market, line, against }) => ({ market, line, against: against.line?.brier })),
    { market: 'unpriced', line: report.pooled, against: undefined },
  ].flatMap(({ market, line, against }) =>
    line === null
      ? []
      : [
          [
            ...[market, line.n, line.brier.toFixed(4), line.climatology.toFixed(4)],
            ...[line.market_brier?.toFixed(4) ?? '', against === undefined ? '' : interval(against, 4)],
            ...[line.ece.toFixed(3), line.floor.toFixed(3)],
            `${line.slope.toFixed(2)} (${line.slope_low.toFixed(2)} to ${line.slope_high.toFixed(2)})`,
          ],
        ],
  );
  const heads = ['market', 'lines', 'Brier', 'base', 'prices', 'Brier to the line', 'ECE', 'floor', 'slope'];
  const bets = [
    ...lined.map(({ market, at_lines }) => ({ market, group: at_lines })),
    { market: ALL, group: report.at_lines },
  ].flatMap(({ market, group }) => (group === null ? [] : [{ market, group }]));
  const medians = lined.flatMap(({ market, against }) =>
    against.line === null ? [] : [`${market} ${interval(against.line.absolute_error, 3)}`],
  );
  return [
    '',
    'At bookmakers’ lines, as published:',
    ...tableLines(heads, calibrated),
    ...wrapped('Error of the median minus that of the line:', medians),
    ...claimedLines(report),
    '',
    'One unit a bet at the prices, -110 where there is none: every side that promises profit, then the picks:',
    ...tableLines(
      ['market', 'sides', 'won', 'hit rate, %', 'pays at', 'units', 'units a bet'],
      bets.flatMap(({ market, group: { sides, picks } }) => [
        betCells(market, sides),
        ...(picks.bets > 0 || market === ALL ? [betCells('  picks', picks)] : []),
      ]),
    ),
  ];
}

function betCells(name: string, record: BetRecord): (string | number)[] {
  return [
    name,
    record.bets,
    record.wins,
    hitRate(record),
    payingAt(record),
    units(record),
    perBet(record, 3),
  ];
}

function hitRate({ hit_rate, low, high }: BetRecord): string {
  return hit_rate === null ? '' : `${share(hit_rate)} (${share(low)} to ${share(high)})`;
}

function payingAt({ break_even }: BetRecord): string {
  return break_even === null ? '' : share(break_even);
}

function units({ bets, profit }: BetRecord): string {
  return bets === 0 ? '' : profit.toFixed(1);
}

function perBet({ per_bet }: BetRecord, decimals: number): string {
  return per_bet === null ? '' : interval(per_bet, decimals);
}

function claimedLines({ pooled }: Evaluation): string[] {
  const bins = (pooled?.bins ?? []).filter(({ n }) => n >= MIN_SHOWN_BIN);
  if (bins.length === 0) return [];
  return wrapped(
    'Claimed and won without prices, %:',
    bins.map(
      ({ claimed, won, low, high, n }) =>
        `${share(claimed)} → ${share(won)} (${share(low)} to ${share(high)}, n ${n})`,
    ),
  );
}

function presenceLines({ plays }: Evaluation): string[] {
  if (plays === null) return [];
  return [
    '',
    `P(plays) of ${plays.n} rotation players: Brier ${plays.brier.toFixed(4)}, base rate ${plays.climatology.toFixed(4)}.`,
    ...wrapped(
      'Claimed and played, %:',
      plays.bins.map(({ claimed, played }) => `${share(claimed, 0)} → ${share(played, 0)}`),
    ),
  ];
}

/** A list after its title, in lines that fit the screen. */
function wrapped(title: string, cells: readonly string[]): string[] {
  const lines = [title];
  cells.forEach((cell, i) => {
    const text = `${cell}${i === cells.length - 1 ? '.' : ';'}`;
    const last = lines.at(-1) ?? '';
    if (last.length + 1 + text.length <= WIDTH) lines[lines.length - 1] = `${last} ${text}`;
    else lines.push(`  ${text}`);
  });
  return lines;
}

function alarmLines({ alarms, areGamesReal }: Evaluation): string[] {
  if (alarms.length === 0)
    return [
      areGamesReal
        ? 'No leak alarm.'
        : 'No leak alarm. Players are invented here: errors below the bounds of real games raise none.',
    ];
  return alarms.map(
    ({ kind, of, market, seen, rows, limit }) =>
      `ALARM ${kind} of ${of} in ${market}: ${seen.toFixed(3)} on ${rows} rows, limit ${limit}: presumed leak`,
  );
}

function groupTable(dimension: Dimension, groups: Readonly<Record<string, GroupScores>>): string[] {
  return tableLines(
    [dimension, 'forecasts', 'MAE', 'mean', 'RMSE', 'bias', 'CRPS', 'log', 'CRPS to ewma8', 'in 80 %'],
    Object.entries(groups).map(([name, scores]) => [
      ...[name, scores.n, scores.mae_median.toFixed(3), scores.mae_mean.toFixed(3), scores.rmse.toFixed(3)],
      ...[
        scores.bias.toFixed(2),
        scores.crps.toFixed(3),
        scores.log_score.toFixed(3),
        percent(scores.crps_to_ewma8),
      ],
      percent(scores.coverage80),
    ]),
  );
}

function lineTable(dimension: Dimension, groups: Readonly<Record<string, LineGroup>>): string[] {
  return tableLines(
    [
      dimension,
      'lines',
      'Brier',
      'base',
      'prices',
      'sides',
      'hit rate, %',
      'pays at',
      'units',
      'units a bet',
    ],
    Object.entries(groups).map(([name, scores]) => [
      ...[
        name,
        scores.n,
        scores.brier.toFixed(4),
        scores.climatology.toFixed(4),
        scores.market_brier?.toFixed(4) ?? '',
      ],
      ...[
        scores.sides.bets,
        hitRate(scores.sides),
        payingAt(scores.sides),
        units(scores.sides),
        perBet(scores.sides, 2),
      ],
    ]),
  );
}

function share(value: number, decimals = 1): string {
  return (100 * value).toFixed(decimals);
}

function interval({ mean, low, high }: BootstrapMean, decimals: number): string {
  return `${mean.toFixed(decimals)} (${low.toFixed(decimals)} to ${high.toFixed(decimals)})`;
}
