import { easternTime, type Slate } from '#core/calendar.ts';
import { counted } from '#core/counted.ts';
import { DEFAULT_RULES } from '#pipeline/batch/prediction-rows.ts';
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
  readonly edge: number;
  readonly recommendation: string;
  readonly confidence: number;
  /** Probability of the side in the market-aware view. */
  readonly with_market: number | null;
  readonly bookmaker: string | null;
}

const MAX_SHOWN = 15;
const LEGEND =
  'forecast: its median. model: its probability of the pick, pushes left out. with market: the same, having heard the line.';

/** The visible picks of a slate as a table, largest edge first. */
export async function printPicks(terminal: Terminal, warehouse: Warehouse, slate: Slate): Promise<void> {
  const picks = await warehouse.query<Shown>(
    `SELECT p.player_name, p.team_abbr, p.opponent_abbr, p.is_home, p.tipoff_at, p.market, p.line, p.predicted, p.edge, p.recommendation, p.confidence,
       CASE WHEN p.recommendation = 'OVER' THEN m.p_over ELSE m.p_under END AS with_market, p.bookmaker
     FROM nba_predictions.current_predictions p
     LEFT JOIN nba_predictions.current_predictions m ON m.slate = CAST(@slate AS DATE) AND m.player_id = p.player_id AND m.market = p.market AND m.line_role = 'main' AND m.system_id = 'market'
     WHERE p.slate = CAST(@slate AS DATE) AND p.is_actionable AND p.line_role = 'main'
     ORDER BY ABS(p.edge) DESC, p.player_name`,
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
      `${pick.edge > 0 ? '+' : ''}${pick.edge.toFixed(1)}`,
      pick.recommendation,
      percent(pick.confidence),
      percent(pick.with_market),
      pick.bookmaker ?? '',
    ]);
  terminal.line(`Picks of ${slate}`);
  for (const line of tableLines(
    ['player', 'game', 'ET', 'market', 'line', 'forecast', 'edge', 'pick', 'model', 'with market', 'book'],
    rows,
  ))
    terminal.line(line);
  if (picks.length > MAX_SHOWN) terminal.line(`… and ${picks.length - MAX_SHOWN} more`);
  terminal.line(LEGEND);
}

/** Undefined when nothing is predicted at all: what became of the batch says why. */
async function whyNoPicks(warehouse: Warehouse, slate: Slate): Promise<string | undefined> {
  const [seen] = await warehouse.query<{ players: number; lined: number }>(
    `SELECT COUNT(DISTINCT player_id) AS players, COUNT(DISTINCT CASE WHEN line IS NOT NULL THEN player_id END) AS lined
     FROM nba_predictions.current_predictions WHERE slate = CAST(@slate AS DATE)`,
    { slate },
  );
  const { players = 0, lined = 0 } = seen ?? {};
  if (players === 0) return undefined;
  if (lined === 0) return `none of ${players} predicted players has a line that stood before tip-off`;
  return `none of ${lined} players with a line has a side worth its price, ${DEFAULT_RULES.leastEdge} points or more away`;
}

function percent(share: number | null): string {
  return share === null ? '' : `${(share * 100).toFixed(0)} %`;
}

/** What became of a batch, in two sentences. */
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
    terminal.line(
      `${result.slate} ${result.mode}: nothing new to predict of ${counted(result.games, 'game')}; what is shown was published before. \`tipoff predict ${result.slate} --mode LINE_UPDATE\` predicts it again.`,
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
