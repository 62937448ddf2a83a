import type { Command } from 'commander';
import { actor, type CliHost, contextOf } from '#app/cli/context.ts';
import { TipoffError } from '#core/errors.ts';
import { tableLines } from '#platform/report/console.ts';

/** `sources list|declare|retire`. */
export function addSourceVerbs(root: Command, host: CliHost): void {
  const sources = root
    .command('sources')
    .description('list and declare the bookmakers, markets and reports this installation should receive');

  sources
    .command('list')
    .description('list what is expected, how much of a game it usually covers, and who declared it')
    .action(async (_options: object, command: Command) => {
      const { terminal, withApp } = contextOf(host, command);
      const { readSources } = await import('#pipeline/ingest/declared-sources.ts');
      const list = await withApp(({ warehouse }) => readSources(warehouse));
      terminal.json(list);
      if (list.length === 0) {
        terminal.line('No source is declared yet: `tipoff day` declares what comes again and again.');
        return;
      }
      const rows = list.map((source) => [
        source.source,
        source.players_per_game === null ? 'any' : source.players_per_game.toFixed(1),
        source.until_slate === null
          ? `from ${source.from_slate}`
          : `${source.from_slate} to ${source.until_slate}`,
        source.declared_by,
        source.reason ?? '',
      ]);
      for (const line of tableLines(['source', 'players a game', 'expected', 'by', 'reason'], rows))
        terminal.line(line);
    });

  sources
    .command('declare')
    .description('expect a source from a slate on; replaces what was declared of it before')
    .argument('<source>', 'availability, lines, lines/<bookmaker>/<market> or game_lines/<bookmaker>')
    .option('--players <number>', 'players it usually names for a game (default: any number counts)')
    .option('--from <slate>', 'first slate (default: today)')
    .requiredOption('--reason <reason>', 'shown with the source')
    .action(
      async (
        source: string,
        options: { players?: string; from?: string; reason: string },
        command: Command,
      ) => {
        const { terminal, slate: readSlate, withApp } = contextOf(host, command);
        const change = {
          source,
          slate: readSlate(options.from),
          by: actor('sources declare'),
          reason: options.reason,
          playersPerGame: options.players === undefined ? null : playersIn(options.players),
        };
        const { declareSource } = await import('#pipeline/ingest/declared-sources.ts');
        await withApp((app) => declareSource(app, change));
        terminal.json(change);
        terminal.line(`${source} is expected from ${change.slate} on.`);
      },
    );

  sources
    .command('retire')
    .description('stop expecting a source: a book that has left, a report that was discontinued')
    .argument('<source>', 'its name in `tipoff sources list`')
    .option('--from <slate>', 'first slate without it (default: today)')
    .requiredOption('--reason <reason>', 'shown with the source')
    .action(async (source: string, options: { from?: string; reason: string }, command: Command) => {
      const { terminal, slate: readSlate, withApp } = contextOf(host, command);
      const change = {
        source,
        slate: readSlate(options.from),
        by: actor('sources retire'),
        reason: options.reason,
      };
      const { retireSource } = await import('#pipeline/ingest/declared-sources.ts');
      await withApp((app) => retireSource(app, change));
      terminal.json(change);
      terminal.line(`${source} is expected no more from ${change.slate} on.`);
    });
}

/** Maximum number of players that a source can name for a game. */
const MAX_PLAYERS = 60;

function playersIn(text: string): number {
  const players = Number(text);
  if (text.trim() !== '' && players > 0 && players <= MAX_PLAYERS) return players;
  throw new TipoffError(
    'TIPOFF_BAD_INPUT',
    `--players: expected a number above 0 and up to ${MAX_PLAYERS}, saw "${text}"`,
    { hint: 'It is the usual number of players for one game, for example 16.' },
  );
}
