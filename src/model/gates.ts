import { addDays, daysBetween, type Slate } from '#core/calendar.ts';
import { type Outcome, outcome } from '#core/check.ts';
import { TipoffError } from '#core/errors.ts';
import { MARKETS, marketOf, scaleOf } from '#core/markets.ts';
import { seededRandom } from '#core/random.ts';
import { statement } from '#core/statement.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { type Artefact, artefactSystems } from './artefact.ts';
import { beforeCutoff, betweenSlates, marketOfSet, type TrainingSet, vectorAt } from './dataset.ts';
import { type LeakAlarm, readKnowledge, trainingAlarms } from './leak-alarms.ts';
import { clusterBootstrap, coverage, crps, mean, randomisedPit } from './metrics.ts';
import { CHAMPION_SYSTEM, isPrediction } from './systems.ts';
import { artefactSteps, type TrainOptions } from './train.ts';
import { type GiveWay, runStepsYielding } from './train-config.ts';

/** Gates that a model must pass before it is registered; the last also before it becomes the champion. */
const GATES: readonly string[] = ['no_leak', 'history_is_fresh', 'no_loss_to_champion'];

/** Days before a cut-off whose statuses and lines are checked: a new leak must not be diluted by earlier seasons. */
const KNOWLEDGE_DAYS = 365;
/** Maximum lag in days of the newest training row behind the newest game before the cut-off. */
const MAX_LAG_DAYS = 7;
/** Length in days of the block on which a candidate is compared with the champion when nothing later has been played. */
const BLOCK_DAYS = 28;
/** Minimum forecasts per market to tell two models apart. */
const MIN_BLOCK_ROWS = 500;
/** Maximum bias in points, scaled to the level of other markets. */
const MAX_BIAS = 0.5;
const COVERAGE = { level: 0.8, low: 0.74, high: 0.86 } as const;

/** The newest game played before a cut-off; its box score should have been loaded. */
export const NEWEST_PLAYED = statement({
  owner: 'model/gates',
  sql: `
SELECT MAX(slate) AS slate FROM nba_reference.counted_games
WHERE slate >= CAST(@from AS DATE) AND slate < CAST(@before AS DATE) AND status = 'final'`,
});

/**
 * Outcomes of the gates on training data: nothing in it may have seen the game, and it must not end long
 * before the games do.
 */
export async function trainingOutcomes(
  warehouse: Warehouse,
  sets: readonly TrainingSet[],
  cutoff: Slate,
): Promise<readonly Outcome[]> {
  const span = { from: addDays(cutoff, -KNOWLEDGE_DAYS), to: addDays(cutoff, -1) };
  return [
    leakOutcome(trainingAlarms(sets, await readKnowledge(warehouse, span))),
    await freshOutcome(warehouse, sets, cutoff),
  ];
}

function leakOutcome(alarms: readonly LeakAlarm[]): Outcome {
  const offenders = alarms.map(offenderOf);
  return outcome({
    check: 'no_leak',
    status: alarms.length === 0 ? 'pass' : 'fail',
    expected: 'nothing that was known only after the cut-off',
    seen: offenders.join(', ') || 'none',
    offenders,
    reason:
      alarms.length === 0
        ? 'nothing knows the outcome'
        : `what nobody could have known: ${offenders.slice(0, 5).join(', ')}`,
  });
}

function offenderOf({ kind, of, market, seen, rows }: LeakAlarm): string {
  if (kind === 'late_line') return `${seen} of ${rows} lines of ${market}, quoted after their cut-off`;
  if (kind === 'recovery')
    return `statuses that foretell ${(100 * seen).toFixed(0)} % of absences in ${market}`;
  return `${of} with ${market} (${seen.toFixed(2)})`;
}

async function freshOutcome(
  warehouse: Warehouse,
  sets: readonly TrainingSet[],
  cutoff: Slate,
): Promise<Outcome> {
  const last = sets[0]?.slates[(sets[0]?.rows ?? 0) - 1] as Slate | undefined;
  const [newest] = await warehouse.query<{ slate: Slate | null }>(NEWEST_PLAYED.sql, {
    from: addDays(cutoff, -400),
    before: cutoff,
  });
  const played = newest?.slate ?? undefined;
  const lag = played === undefined || last === undefined ? 0 : daysBetween(last, played);
  return outcome({
    check: 'history_is_fresh',
    status: lag <= MAX_LAG_DAYS ? 'pass' : 'fail',
    expected: `a newest row within ${MAX_LAG_DAYS} days of the newest game`,
    seen: `${lag} days`,
    reason:
      lag <= MAX_LAG_DAYS
        ? `the newest row is of ${last ?? 'no day'}`
        : `the newest row to learn from is of ${last ?? 'no day'}, games were played until ${played ?? ''}`,
  });
}

/**
 * Whether a candidate forecasts worse than the champion: paired CRPS by dates, bias and coverage, on rows that
 * neither has seen, which are those after both cut-offs. While these are too few, a twin of the candidate is trained
 * with a cut-off four weeks earlier and compared with the champion on those weeks. `sets` hold the rows up to now.
 */
export async function championOutcome(
  sets: readonly TrainingSet[],
  candidate: Artefact,
  champion: Artefact,
  giveWay?: GiveWay,
): Promise<Outcome> {
  const later = [candidate.data_cutoff, champion.data_cutoff].sort().at(-1) ?? candidate.data_cutoff;
  const after = sets.map((set) => betweenSlates(set, later, '9999-12-31'));
  if ((after[0]?.rows ?? 0) >= MIN_BLOCK_ROWS) return comparison(after, candidate, champion, later);
  const twinCutoff = addDays(candidate.data_cutoff as Slate, -BLOCK_DAYS);
  const from = [twinCutoff, champion.data_cutoff].sort().at(-1) ?? twinCutoff;
  const recent = sets.map((set) =>
    betweenSlates(beforeCutoff(set, candidate.data_cutoff), from, '9999-12-31'),
  );
  const rows = recent[0]?.rows ?? 0;
  if (rows < MIN_BLOCK_ROWS) {
    return outcome({
      check: 'no_loss_to_champion',
      status: 'skip',
      expected: EXPECTED,
      seen: rows,
      reason: `${rows} rows that neither model has seen are too few to tell them apart, expected ${MIN_BLOCK_ROWS}`,
    });
  }
  const twin = await runStepsYielding(
    artefactSteps(
      sets.map((set) => beforeCutoff(set, twinCutoff)),
      { ...optionsOf(candidate), cutoff: twinCutoff },
    ),
    giveWay,
  );
  return comparison(recent, twin, champion, from);
}

const EXPECTED =
  'forecasts no worse than the champion’s, unbiased, and with intervals that cover as often as they claim';

function optionsOf({ model_id, created_at, code_version, feature_contract_hash }: Artefact): TrainOptions {
  return {
    modelId: model_id,
    createdAt: created_at,
    codeVersion: code_version,
    featureContractHash: feature_contract_hash,
  };
}

/** A model's scores on the rows of a market. */
interface Scored {
  readonly crps: Float64Array;
  readonly pit: Float64Array;
  readonly bias: number;
}

function comparison(
  sets: readonly TrainingSet[],
  candidate: Artefact,
  champion: Artefact,
  from: string,
): Outcome {
  const random = seededRandom(1);
  const both = sets.filter(({ market }) => market === undefined || isIn(market.id, candidate, champion));
  const differences: number[] = [];
  const dates: string[] = [];
  const offenders: string[] = [];
  for (const set of both) {
    const id = marketOfSet(set).id;
    const [mine, theirs] = [scored(set, candidate, random), scored(set, champion, random)];
    const level = mean(theirs.crps.filter(Number.isFinite));
    mine.crps.forEach((value, row) => {
      const difference = (value - (theirs.crps[row] ?? Number.NaN)) / level;
      if (!Number.isFinite(difference)) return;
      differences.push(difference);
      dates.push(set.slates[row] ?? '');
    });
    const market = marketOf(id) ?? MARKETS[0];
    if (market !== undefined && Math.abs(mine.bias) > MAX_BIAS * scaleOf(market))
      offenders.push(`a bias of ${mine.bias.toFixed(2)} in ${id}`);
    const inside = coverage(mine.pit.filter(Number.isFinite), COVERAGE.level);
    if (inside < COVERAGE.low || inside > COVERAGE.high)
      offenders.push(`${(100 * inside).toFixed(0)} % of ${id} inside 80 % intervals`);
  }
  const { mean: loss, low, high } = clusterBootstrap(Float64Array.from(differences), dates, random);
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const seen = `CRPS ${loss > 0 ? '+' : ''}${percent(loss)} (${percent(low)} to ${percent(high)}) on ${differences.length} forecasts of ${both.length} markets from ${from}`;
  if (low > 0) offenders.unshift('worse forecasts');
  return outcome({
    check: 'no_loss_to_champion',
    status: offenders.length === 0 ? 'pass' : 'fail',
    expected: EXPECTED,
    seen,
    offenders,
    reason: offenders.length === 0 ? seen : `${offenders.slice(0, 5).join(', ')}: ${seen}`,
  });
}

function isIn(market: string, ...artefacts: readonly Artefact[]): boolean {
  return artefacts.every(({ markets }) => markets[market] !== undefined);
}

function scored(set: TrainingSet, artefact: Artefact, random: () => number): Scored {
  const system = artefactSystems(artefact, marketOfSet(set)).find(({ id }) => id === CHAMPION_SYSTEM);
  const [scores, pit] = [new Float64Array(set.rows), new Float64Array(set.rows)];
  let [bias, rows] = [0, 0];
  for (let row = 0; row < set.rows; row++) {
    const forecast = system?.forecast(vectorAt(set, row));
    const actual = set.target[row] ?? Number.NaN;
    const isScored = forecast !== undefined && isPrediction(forecast) && Number.isFinite(actual);
    scores[row] = isScored ? crps(forecast.distribution, actual) : Number.NaN;
    pit[row] = isScored ? randomisedPit(forecast.distribution, actual, random()) : Number.NaN;
    if (!isScored) continue;
    bias += forecast.mean - actual;
    rows++;
  }
  return { crps: scores, pit, bias: bias / rows };
}

/** Failing gates that are overridden, and the reason. */
export interface Despite {
  readonly gates: readonly string[];
  readonly reason: string;
}

/** Throws TIPOFF_AUDIT_FAILED when a gate fails and is not overridden, TIPOFF_BAD_INPUT for an unknown gate or a missing reason. */
export function requireGates(outcomes: readonly Outcome[], despite: Despite | undefined): void {
  const unknown = despite?.gates.filter((gate) => !GATES.includes(gate)) ?? [];
  if (unknown.length > 0 || (despite !== undefined && despite.reason.trim() === '')) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      unknown.length > 0
        ? `expected gates among ${GATES.join(', ')}, saw ${unknown.join(', ')}`
        : 'expected a reason to pass a gate that fails, saw none',
      {
        hint: 'For example `--despite no_loss_to_champion --reason "the champion was trained on wrong lines"`.',
      },
    );
  }
  const failed = outcomes.filter(
    ({ status, check }) => status === 'fail' && despite?.gates.includes(check) !== true,
  );
  if (failed.length === 0) return;
  throw new TipoffError(
    'TIPOFF_AUDIT_FAILED',
    failed.map(({ check, reason }) => `${check}: ${reason}`).join('; '),
    {
      hint: `Fix what is named, or override the gate on your own responsibility: \`--despite ${failed.map(({ check }) => check).join(' ')} --reason <why>\`.`,
      details: { gates: failed.map(({ check }) => check) },
    },
  );
}
