import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { type CliHost, contextOf } from '#app/cli/context.ts';
import type { Terminal } from '#app/cli/terminal.ts';
import type { DemoChecks } from '#app/demo.ts';
import { TipoffError } from '#core/errors.ts';
import { count, duration, shellWord } from '#core/format.ts';
import type { DayResult } from '#pipeline/day.ts';
import type { RecordRow } from '#pipeline/grade/record.ts';
import { tableLines } from '#platform/report/console.ts';

/** `demo`: a simulated league from schedule to grades, in a home of its own. */
export function addDemoVerb(root: Command, host: CliHost): void {
  root
    .command('demo')
    .description('play a simulated league: history, last night graded, tonight predicted and published')
    .option('--seed <n>', 'which league', '7')
    .action(async (options: { seed: string }, command: Command) => {
      const { terminal, config } = contextOf(host, command, 'local');
      const began = performance.now();
      terminal.progress('Tipoff on a simulated league: nothing below is real.');
      const seed = Number(options.seed);
      if (!Number.isInteger(seed)) {
        throw new TipoffError('TIPOFF_BAD_INPUT', `--seed: expected a whole number, saw "${options.seed}"`, {
          hint: 'For example --seed 7.',
        });
      }
      const given = command.optsWithGlobals<{ home?: string }>().home;
      const home = given ?? join(config.home, 'demo');
      const [{ runDemo }, { printPicks, printBatch }, { phaseLine }] = await Promise.all([
        import('#app/demo.ts'),
        import('#app/cli/picks.ts'),
        import('./day.ts'),
      ]);
      const result = await runDemo(
        {
          config,
          home,
          seed,
          say: (line) => terminal.progress(line),
          onPhase: (slate, phase) => terminal.doing(`${slate}  ${phaseLine(phase)}`),
        },
        async (app, shown) => {
          if (terminal.isJson) return;
          await printPicks(terminal, app.warehouse, shown.tonight.slate);
          printBatch(terminal, shown.tonight);
          printPhases(terminal, [shown.yesterday, shown.tonight]);
          printRecord(terminal, shown.record);
          printChecks(terminal, shown.checks);
          terminal.line();
          terminal.line('Outputs');
          for (const output of shown.outputs) terminal.line(`  ${output}`);
        },
      );
      const seconds = (performance.now() - began) / 1000;
      terminal.json({ ...result, seconds });
      const { slate } = result.tonight;
      terminal.line();
      terminal.line(`Simulated data, done in ${duration(seconds)}. Look around:`);
      terminal.line(`  ${pathToFileURL(resolve(result.site)).href}`);
      for (const verb of [`status ${slate} --at ${result.now}`, `publish list`, 'canary list'])
        terminal.line(`  npx tipoff ${verb} --home ${shellWord(home)}`);
      if (result.tonight.state !== 'published' || result.checks.troubles.length > 0) host.exit(1);
    });
}

/** `example`: files like those a user would ingest, from a small invented league. */
export function addExampleVerb(root: Command, host: CliHost): void {
  root
    .command('example')
    .description('write files of an invented league as providers publish them, to try `ingest` on')
    .argument('<folder>', 'new or empty folder')
    .action(async (folder: string, _options: object, command: Command) => {
      const { terminal, path } = contextOf(host, command, 'local');
      const { writeExample } = await import('#app/demo.ts');
      terminal.doing('Two seasons of a small invented league are played …');
      const files = await writeExample(path(folder));
      terminal.json({ folder: path(folder), files });
      for (const { name, lines } of files) terminal.line(`${join(folder, name)}: ${count(lines, 'line')}`);
      terminal.line('Its players are invented, and everything made of it says so. Load it:');
      terminal.line(`  npx tipoff ingest ${shellWord(folder)}`);
    });
}

function printPhases(terminal: Terminal, days: readonly DayResult[]): void {
  const rows = days.flatMap((day) =>
    day.phases.map((phase) => [day.slate, phase.phase, phase.verdict, phase.rows, duration(phase.seconds)]),
  );
  terminal.line();
  for (const line of tableLines(['slate', 'phase', 'verdict', 'rows', 'time'], rows)) terminal.line(line);
}

function printRecord(terminal: Terminal, record: readonly RecordRow[]): void {
  const decided = record.filter(({ all_sides: { wins, losses, pushes } }) => wins + losses + pushes > 0);
  const rows = decided.map((row) => [
    row.market,
    row.system_id,
    row.record_class,
    `${row.all_sides.wins}-${row.all_sides.losses}`,
    row.all_sides.pushes,
    row.all_sides.voids,
    row.errors.rows,
    row.errors.mae === null ? '' : row.errors.mae.toFixed(2),
  ]);
  if (rows.length === 0) return;
  terminal.line();
  terminal.line(
    'Graded so far: every side on a main line, picks or not (one slate says nothing about quality)',
  );
  for (const line of tableLines(['market', 'system', 'record', 'W-L', 'push', 'void', 'rows', 'MAE'], rows))
    terminal.line(line);
}

function printChecks(terminal: Terminal, { counts, troubles }: DemoChecks): void {
  terminal.line();
  terminal.line(
    `Checks over all phases: ${counts.pass} pass, ${counts.fail} fail, ${counts.error} could not run, ${counts.skip} skipped (not due yet, or nothing to look at).`,
  );
  for (const { status, check, reason } of troubles)
    terminal.line(`  ${status.toUpperCase()} ${check}: ${reason}`);
}
