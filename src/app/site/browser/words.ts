import type { SlateForecast } from '#app/reading/slate.ts';
import { marketOf } from '#core/markets.ts';
import { fairOverProbability, impliedProbability, isAmericanOdds, STANDARD_PRICE } from '#core/odds.ts';

/** "Saturday, 14 December 2024". */
export function longDate(slate: string): string {
  return inEnglish(slate, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
}

/** "Sat 14 Dec". */
export function shortDate(slate: string): string {
  return inEnglish(slate, { weekday: 'short', day: 'numeric', month: 'short' });
}

/** "December 2024" of "2024-12". */
export function monthName(month: string): string {
  return inEnglish(`${month}-01`, { month: 'long', year: 'numeric' });
}

/** "21 Oct": the Monday of an ISO week such as "2024-W43". */
export function mondayOf(week: string): string {
  const [year, number] = week.split('-W').map(Number);
  // The fourth of January lies in the first week of every year.
  const fourth = new Date(Date.UTC(year ?? 0, 0, 4));
  const days = 7 * ((number ?? 1) - 1) - ((fourth.getUTCDay() + 6) % 7);
  const monday = new Date(fourth.getTime() + days * 86_400_000).toISOString().slice(0, 10);
  return inEnglish(monday, { day: 'numeric', month: 'short' });
}

function inEnglish(slate: string, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', ...options }).format(
    new Date(`${slate}T00:00:00Z`),
  );
}

/** The display name of a market. */
export function marketLabel(id: string): string {
  const label = marketOf(id)?.label ?? id;
  return label.charAt(0).toUpperCase() + label.slice(1);
}

/** "+5.8", "−6.8": always signed, with a typographic minus. */
export function signed(value: number, decimals = 1): string {
  const text = decimal(value, decimals);
  return Number(text) > 0 ? `+${text}` : text;
}

/** A number with a typographic minus, never minus zero. */
export function decimal(value: number, decimals: number): string {
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** A probability in whole percent; only exactly 0 or 1 is shown as 0 % or 100 %. */
export function chance(p: number | null): string {
  if (p === null) return '–';
  const whole = Math.round(100 * p);
  return `${p > 0 && p < 1 ? Math.min(99, Math.max(1, whole)) : whole} %`;
}

/** American odds: "+120", "−110". */
export function odds(price: number | null): string {
  return price === null ? '–' : signed(price, 0);
}

/** P(over) given no push, which is what prices and sides refer to. */
export function decided(p: number | null, push: number | null): number | null {
  return p === null ? null : p / (1 - (push ?? 0));
}

/** De-vigged P(over) from the two prices of a line; null without two prices. */
export function pricedOver({
  over_price,
  under_price,
}: Pick<SlateForecast, 'over_price' | 'under_price'>): number | null {
  return fairOverProbability(over_price, under_price) ?? null;
}

/** The probability at which the recommended side breaks even. */
function breakEven({
  recommendation,
  over_price,
  under_price,
}: Pick<SlateForecast, 'recommendation' | 'over_price' | 'under_price'>): number {
  const price = recommendation === 'UNDER' ? under_price : over_price;
  return impliedProbability(price !== null && isAmericanOdds(price) ? price : STANDARD_PRICE);
}

const FILTERS: Readonly<Record<string, string>> = {
  no_line: 'no line quoted',
  pass: 'no side is worth its price',
  shadow_system: 'kept for comparison',
  second_line: 'the main line counts',
  low_value: 'earns too little at its price',
  better_picks: 'behind better picks of the slate',
  not_quality_ready: 'features not good enough',
};

/** Why a row is a pick or not, in a few words. */
export function pickReason(row: SlateForecast): string {
  if (row.filter_reason !== null) return FILTERS[row.filter_reason] ?? row.filter_reason.replaceAll('_', ' ');
  if (row.edge === null) return 'no line quoted';
  const value = row.expected_value === null ? '' : `, value ${signed(100 * row.expected_value, 0)} %`;
  return `${chance(row.confidence)} likely, pays from ${chance(breakEven(row))}${value}`;
}

const ABSENCES: Readonly<Record<string, string>> = {
  player_out: 'Out or doubtful',
  game_started: 'The game had begun',
  game_postponed: 'The game is not played this evening',
  no_features: 'No feature row',
  required_feature_missing: 'A required feature is missing',
  red_quality: 'Feature row is red',
  matchup_quality_low: 'Opponent features too thin',
  below_threshold: 'Features below the threshold of the run',
  already_predicted: 'Had a forecast, which is no longer visible',
  not_predicted_yet: 'Not predicted yet',
  not_in_the_batch: 'Became known after the batch',
  predicted: 'Forecast withdrawn',
};

/** Why a player has no forecast. */
export function absenceReason(reason: string): string {
  return ABSENCES[reason] ?? reason.replaceAll('_', ' ');
}

/** "out: right knee; soreness" from the reason "Injury/Illness - Right Knee; Soreness". */
export function statusText(status: string, reason: string | null): string {
  if (reason === null) return status;
  const injury = reason.replace(/^Injury\/Illness\s*-\s*/, '');
  return `${status}: ${injury === reason ? reason : injury.toLowerCase()}`;
}

/** The result: "31 · won +0.91". */
export function result({
  outcome,
  actual,
  profit,
}: Pick<SlateForecast, 'outcome' | 'actual' | 'profit'>): string {
  if (outcome === null) return '';
  if (outcome === 'void') return 'did not play';
  if (outcome === 'no_bet') return String(actual ?? '');
  const word = { win: 'won', loss: 'lost', push: 'push' }[outcome] ?? outcome;
  return `${actual ?? ''} · ${word}${profit === null || outcome === 'push' ? '' : ` ${signed(profit, 2)}`}`;
}

/** The display name of a forecast system. */
export function systemName(id: string): string {
  return (
    { ewma8: 'Recent form', minutes_rate: 'Minutes × rate', ridge: 'Model', market: 'Model with line' }[id] ??
    id
  );
}
