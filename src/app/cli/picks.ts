import { easternTime, type Slate } from '#core/calendar.ts';
import { count } from '#core/format.ts';
import type { BatchResult } from '#pipeline/batch/run.ts';
import { tableLines } from '#platform/report/console.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import type { Terminal } from './terminal.ts';

interface Shown {
  readonly player_name: string;
  readonly team_abbr: string;
  readonly opponent_abbr: string;
  readonly is_home: boolean;
  readonly tipoff_at: string;
  readonly market: string;
  readonly line: string;
  readonly predicted: number;
  readonly recommendation: string;
  readonly confidence: number;
  /** Probability of the side as the model alone has it. */
  readonly model: number;
  readonly price: number | null;
  readonly expected_value: number;
  readonly p_plays: number | null;
  readonly bookmaker: string | null;
}

const MAX_SHOWN = 15;
const LEGEND =
  'forecast: its median, given that he plays. chance: of the pick, with the line taken into account, pushes left out; model: the same without the line. value: expected profit per unit at the price.';

/** The visible picks of a slate as a table, the best first. */
export async function printPicks(terminal: Terminal, warehouse: Warehouse, slate: Slate): Promise<void> {
  const picks = await warehouse.query<Shown>(
    `SELECT player_name, team_abbr, opponent_abbr, is_home, tipoff_at, market, line, predicted, recommendation, confidence,
       CASE WHEN recommendation = 'OVER' THEN fn.safe_div(model_p_over, 1 - p_push) ELSE 1 - fn.safe_div(model_p_over, 1 - p_push) END AS model,
       CASE WHEN recommendation = 'OVER' THEN over_price ELSE under_price END AS price, expected_value, p_plays, bookmaker
     FROM nba_predictions.current_predictions
     WHERE slate = CAST(@slate AS DATE) AND is_actionable AND line_role = 'main'
     ORDER BY expected_value DESC, player_name`,
    { slate },
  );
  if (picks.length === 0) {
    const reason = await whyNoPicks(warehouse, slate);
    if (reason !== undefined) terminal.line(`\nNo picks for ${slate}: ${reason}.`);
    return;
  }
  terminal.line();
  const rows = picks
    .slice(0, MAX_SHOWN)
    .map((pick) => [
      pick.player_name,
      `${pick.team_abbr} ${pick.is_home ? 'vs' : '@'} ${pick.opponent_abbr}`,
      easternTime(new Date(pick.tipoff_at)),
      pick.market,
      pick.line,
      pick.predicted.toFixed(1),
      pick.recommendation,
      percent(pick.confidence),
      percent(pick.model),
      percent(pick.p_plays),
      pick.price === null ? '' : signed(pick.price),
      `${signed(Math.round(pick.expected_value * 100))} %`,
      pick.bookmaker ?? '',
    ]);
  terminal.line(`Picks of ${slate}`);
  for (const line of tableLines(
    [
      'player',
      'game',
      'ET',
      'market',
      'line',
      'forecast',
      'pick',
      'chance',
      'model',
      'plays',
      'price',
      'value',
      'book',
    ],
    rows,
  ))
    terminal.line(line);
  if (picks.length > MAX_SHOWN) terminal.line(`… and ${picks.length - MAX_SHOWN} more`);
  terminal.line(LEGEND);
}

/** Undefined when nothing is predicted at all; the line about the batch says why. */
async function whyNoPicks(warehouse: Warehouse, slate: Slate): Promise<string | undefined> {
  const [seen] = await warehouse.query<{ players: number; lined: number }>(
    `SELECT COUNT(DISTINCT player_id) AS players, COUNT(DISTINCT CASE WHEN line IS NOT NULL THEN player_id END) AS lined
     FROM nba_predictions.current_predictions WHERE slate = CAST(@slate AS DATE)`,
    { slate },
  );
  const { players = 0, lined = 0 } = seen ?? {};
  if (players === 0) return undefined;
  if (lined === 0) return `none of ${players} predicted players has a line that stood before tip-off`;
  const { DEFAULT_RULES } = await import('#pipeline/batch/prediction-rows.ts');
  return `no side at a line of ${lined} players is expected to earn ${percent(DEFAULT_RULES.minValue)} or more at its price`;
}

function signed(value: number): string {
  return `${value > 0 ? '+' : ''}${value}`;
}

function percent(share: number | null): string {
  return share === null ? '' : `${(share * 100).toFixed(0)} %`;
}

/** How a batch ended, in two sentences. */
export function printBatch(terminal: Terminal, result: BatchResult): void {
  const reasons = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([reason, count]) => `${count} ${reason}`)
      .join(', ');
  terminal.line();
  if (result.state === 'no_games') {
    terminal.line(`${result.slate} has no counted games: nothing to predict.`);
    return;
  }
  if (result.state === 'nothing_to_do') {
    const again =
      result.mode === 'BACKFILL'
        ? ''
        : ` \`tipoff predict ${result.slate} --mode LINE_UPDATE\` predicts it again.`;
    terminal.line(
      `${result.slate} ${result.mode}: nothing new to predict of ${count(result.games, 'game')}; what is shown was published before.${again}`,
    );
    return;
  }
  terminal.line(
    `${result.slate} ${result.mode}: ${result.state}. ${result.games} games, ${result.predicted} of ${result.expected} players predicted` +
      `${Object.keys(result.skipped).length > 0 ? ` (skipped: ${reasons(result.skipped)})` : ''}, ${result.predictions} rows, ${result.actionable} picks.`,
  );
  if (Object.keys(result.withdrawn).length > 0) terminal.line(`Withdrawn: ${reasons(result.withdrawn)}`);
  if (Object.keys(result.failed).length > 0) terminal.line(`Failed: ${reasons(result.failed)}`);
  if (result.reason !== null) terminal.line(`Reason: ${result.reason}`);
  if (result.publication_id !== null) terminal.line(`Publication ${result.publication_id}`);
}
