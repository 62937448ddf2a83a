import type { Command } from 'commander';
import { actor, type CliHost, contextOf } from '#app/cli/context.ts';
import { printBatch, printPicks } from '#app/cli/picks.ts';
import type { Terminal } from '#app/cli/terminal.ts';
import { easternTime, slateOf } from '#core/calendar.ts';
import { duration } from '#core/format.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { LAST_CALL_MINUTES, parseRunMode, RUN_MODES } from '#core/run-modes.ts';
import type { BatchResult } from '#pipeline/batch/run.ts';
import type { DayResult, PhaseReport } from '#pipeline/day.ts';
import { tableLines } from '#platform/report/console.ts';

/** `day`, `predict`, `grade`. */
export function addDayVerbs(root: Command, host: CliHost): void {
  root
    .command('day')
    .description('run all phases of a slate: summaries, features, predictions, publication, grades, exports')
    .argument(
      '[slate]',
      'ET calendar date of tip-off, for example 2025-01-10, or today, yesterday, tomorrow (default: today)',
    )
    .option('--mode <mode>', 'run mode (default: what the clock suggests; BACKFILL for a past slate)')
    .option(
      '--due',
      `only when due: ${LAST_CALL_MINUTES.join(' or ')} minutes before a tip-off, and not run since`,
    )
    .action(async (text: string | undefined, options: { mode?: string; due?: boolean }, command: Command) => {
      const { terminal, slate: readSlate, withApp } = contextOf(host, command);
      const slate = readSlate(text);
      const mode = options.mode === undefined ? undefined : parseRunMode(options.mode);
      await withApp(async (app) => {
        const [{ lastCallDue, runDay }, { dayDeps, outdatedLine }] = await Promise.all([
          import('#pipeline/day.ts'),
          import('#app/day.ts'),
        ]);
        if (options.due === true) {
          const { isDue, next } = await lastCallDue(app, slate);
          if (!isDue) {
            terminal.json({ slate, state: 'not_due', next });
            terminal.line(
              `${slate}: nothing is due${next === null ? ' any more' : ` before ${easternTime(new Date(next))} ET`}.`,
            );
            return;
          }
        }
        const by = actor('day');
        const result = await runDay(await dayDeps(app, by), {
          slate,
          by,
          ...omitUndefined({ mode }),
          onPhase: (phase) => terminal.doing(phaseLine(phase)),
        });
        // A past slate is manual work, not the daily job.
        if (slate >= slateOf(app.clock.now())) {
          const { JOBS, tryBeat } = await import('#guard/canaries/heartbeats.ts');
          await tryBeat(app, {
            job: 'day',
            ok: isFine(result.state),
            maxSilenceSeconds: JOBS.day,
            detail: `${slate} ${result.state}`,
          });
        }
        const outdated = await outdatedLine(app);
        terminal.json({ ...result, outdated: outdated ?? null });
        if (!terminal.isJson) await printPicks(terminal, app.warehouse, slate);
        printDay(terminal, result);
        if (outdated !== undefined) terminal.line(outdated);
        if (!isFine(result.state)) host.exit(1);
      });
    });

  root
    .command('predict')
    .description(
      'run one batch of a slate on its current features, with the schedule, statuses and lines as they are now',
    )
    .argument('<slate>', 'ET calendar date of tip-off, for example 2025-01-10')
    .requiredOption('--mode <mode>', 'FIRST, RETRY, FINAL_RETRY, LAST_CALL, LINE_UPDATE or BACKFILL')
    .option('--force', 'close an active batch of the slate first')
    .action(async (text: string, options: { mode: string; force?: boolean }, command: Command) => {
      const { terminal, slate: readSlate, withApp } = contextOf(host, command);
      const [slate, mode] = [readSlate(text), parseRunMode(options.mode)];
      await withApp(async (app) => {
        const [{ runBatch }, { refreshContexts }, { batchDeps }] = await Promise.all([
          import('#pipeline/batch/run.ts'),
          import('#pipeline/refresh.ts'),
          import('#app/day.ts'),
        ]);
        const by = actor('predict');
        const deps = await batchDeps(app, by);
        if (!RUN_MODES[mode].backfill) await refreshContexts(deps, slate);
        const result = await runBatch(deps, {
          slate,
          mode,
          by,
          force: options.force === true,
        });
        terminal.json(result);
        if (!terminal.isJson) await printPicks(terminal, app.warehouse, slate);
        printBatch(terminal, result);
        if (!isFine(result.state)) host.exit(1);
      });
    });

  root
    .command('grade')
    .description('grade predictions of final games; pushes and absences are neither won nor lost')
    .argument('<slate>', 'ET calendar date of tip-off, for example 2025-01-10')
    .option('--to <slate>', 'last slate of a range')
    .action(async (text: string, options: { to?: string }, command: Command) => {
      const { terminal, slate: readSlate, withApp } = contextOf(host, command);
      const from = readSlate(text);
      const to = options.to === undefined ? from : readSlate(options.to);
      const { grades: report, exported } = await withApp(async (app) => {
        const [{ gradeRange }, { dayDeps }] = await Promise.all([
          import('#pipeline/day.ts'),
          import('#app/day.ts'),
        ]);
        return gradeRange(await dayDeps(app, actor('grade')), from, to);
      });
      terminal.json({ ...report, documents: exported.documents });
      const { win, loss, push, void: voided, no_bet } = report.outcomes;
      terminal.line(
        `${report.graded} rows of ${report.games} games graded: ${win} won, ${loss} lost, ${push} push, ${voided} void, ${no_bet} without a bet.`,
      );
      for (const [reason, count] of Object.entries(report.pending)) {
        if (count.rows > 0) terminal.line(`${count.rows} rows of ${count.games} games wait: ${reason}`);
      }
    });
}

/** States that are no failure of the command. */
function isFine(state: BatchResult['state']): boolean {
  return ['published', 'published_partial', 'no_games', 'nothing_to_do'].includes(state);
}

export function phaseLine({ phase, verdict, rows, seconds, detail }: PhaseReport): string {
  return `${phase.padEnd(10)} ${verdict.padEnd(6)} ${String(rows).padStart(7)} rows  ${duration(seconds).padStart(8)}  ${detail}`;
}

function printDay(terminal: Terminal, result: DayResult): void {
  const rows = result.phases.map(({ phase, verdict, rows: count, seconds, detail }) => [
    phase,
    verdict,
    count,
    duration(seconds),
    detail,
  ]);
  terminal.line();
  for (const line of tableLines(['phase', 'verdict', 'rows', 'time', 'detail'], rows)) terminal.line(line);
  printBatch(terminal, result);
  for (const output of result.outputs) terminal.line(`  ${output}`);
}
