import type { Command } from 'commander';
import { actor } from '#app/cli/actor.ts';
import { type CliHost, contextOf } from '#app/cli/context.ts';
import { type Terminal, tableLines } from '#app/cli/terminal.ts';
import { TipoffError } from '#core/errors.ts';
import type { Canary } from '#guard/canaries/definition.ts';
import type { CanaryReport, CanaryResult } from '#guard/canaries/run.ts';

/** `canary run|list|prove|halt|resume`. */
export function addCanaryVerbs(root: Command, host: CliHost): void {
  const canary = root.command('canary').description('checks that say when something is missing, stuck or wrong');
  addRun(canary, host);
  addList(canary, host);
  addProve(canary, host);
  addHalt(canary, host);
}

function addRun(canary: Command, host: CliHost): void {
  canary
    .command('run')
    .description('ask the checks; exit 1 when one fails, 3 when one could not run')
    .option('--only <id...>', 'these checks only')
    .option('--as-of <instant>', 'ask as of an instant of the past, on the data as it stands')
    .action(async (options: { only?: string[]; asOf?: string }, command: Command) => {
      const { terminal, withApp } = contextOf(host, command);
      const canaries = await chosen(options.only);
      const asOf = options.asOf === undefined ? undefined : instant('--as-of', options.asOf);
      const report = await withApp(async (app) => {
        const [{ runCanaries }, { canaryDeps }] = await Promise.all([import('#guard/canaries/engine.ts'), import('#app/canaries.ts')]);
        return runCanaries(canaryDeps(app), { canaries, ...(asOf === undefined ? {} : { asOf }) });
      });
      terminal.json(report);
      printReport(terminal, report);
      if (report.results.some(({ status }) => status === 'FAIL')) host.exit(1);
      if (report.results.some(({ status }) => status === 'ERROR')) host.exit(3);
    });
}

function addList(canary: Command, host: CliHost): void {
  canary
    .command('list')
    .description('every check: what it asks, when, and where its runbook lies')
    .action(async (_options: object, command: Command) => {
      const { terminal } = contextOf(host, command);
      const { runbookPath } = await import('#guard/canaries/definition.ts');
      const canaries = await chosen(undefined);
      terminal.json(
        canaries.map(({ id, phase, question, expected, looksAt, ladder, owner, repair, dependsOn }) => ({
          ...{ id, phase, question, expected, looks_at: looksAt, ladder, owner, repair, depends_on: dependsOn, runbook: runbookPath(id) },
        })),
      );
      const rows = canaries.map(({ id, phase, looksAt, ladder: [{ by, severity }], question }) => [
        phase,
        id,
        looksAt,
        by,
        severity,
        question,
      ]);
      for (const line of tableLines(['phase', 'check', 'looks at', 'due (ET)', 'severity', 'question'], rows)) terminal.line(line);
    });
}

function addProve(canary: Command, host: CliHost): void {
  canary
    .command('prove')
    .description('break a healthy simulated world for every check and demand that it fires; exit 1 when one stays silent')
    .option('--only <id...>', 'these checks only')
    .action(async (options: { only?: string[] }, command: Command) => {
      const { terminal, config } = contextOf(host, command);
      const only = options.only === undefined ? undefined : (await chosen(options.only)).map(({ id }) => id);
      const { proveCatalogue } = await import('#app/canaries.ts');
      const report = await proveCatalogue(config, {
        ...(only === undefined ? {} : { only }),
        say: (line) => terminal.progress(line),
        onProof: ({ canary_id, proven, detail }) => terminal.progress(`${proven ? 'fires ' : 'SILENT'} ${canary_id}: ${detail}`),
      });
      terminal.json(report);
      terminal.line(`${report.proven} of ${report.proofs.length} checks fire on their sabotage and are quiet on health.`);
      if (report.proven < report.proofs.length) host.exit(1);
    });
}

function addHalt(canary: Command, host: CliHost): void {
  canary
    .command('halt')
    .description('the pipeline stands still on purpose: checks are skipped until the end of the halt')
    .requiredOption('--until <instant>', 'end of the halt')
    .requiredOption('--reason <reason>', 'shown wherever a check is skipped')
    .action(async (options: { until: string; reason: string }, command: Command) => {
      const { terminal, clock, withApp } = contextOf(host, command);
      const until = instant('--until', options.until);
      const { halt } = await import('#guard/canaries/halt.ts');
      const document = await withApp(({ state }) => halt({ state, clock }, { until, reason: options.reason, by: actor('canary halt') }));
      terminal.json(document);
      terminal.line(`Halted until ${document.until}: ${document.reason}. \`tipoff canary resume\` ends it.`);
    });
  canary
    .command('resume')
    .description('end a halt, or confirm that one is over')
    .action(async (_options: object, command: Command) => {
      const { terminal, withApp } = contextOf(host, command);
      const { liftHalt } = await import('#guard/canaries/halt.ts');
      const lifted = await withApp(({ state }) => liftHalt(state));
      terminal.json({ lifted: lifted ?? null });
      terminal.line(lifted === undefined ? 'There was no halt.' : `Lifted the halt of ${lifted.since}: ${lifted.reason}`);
    });
}

/** The checks named, or all of them. Throws TIPOFF_BAD_INPUT for a name that is none. */
async function chosen(only: readonly string[] | undefined): Promise<readonly Canary[]> {
  const { CATALOGUE } = await import('#guard/canaries/catalog/index.ts');
  if (only === undefined) return CATALOGUE;
  const unknown = only.filter((id) => !CATALOGUE.some((canary) => canary.id === id));
  if (unknown.length === 0) return CATALOGUE.filter(({ id }) => only.includes(id));
  throw new TipoffError('TIPOFF_BAD_INPUT', `there is no check ${unknown.join(', ')}`, {
    hint: 'See `tipoff canary list` for their names.',
    details: { unknown },
  });
}

function instant(option: string, text: string): Date {
  if (/^\d{4}-\d{2}-\d{2}T.*(?:Z|[+-]\d{2}:\d{2})$/.test(text) && !Number.isNaN(Date.parse(text))) return new Date(text);
  throw new TipoffError('TIPOFF_BAD_INPUT', `${option}: expected an instant with a zone, saw "${text}"`, {
    hint: 'Write it as 2025-01-10T17:00:00Z.',
  });
}

function printReport(terminal: Terminal, report: CanaryReport): void {
  const rows = report.results.map(({ status, severity, phase, canary_id, slate, reason }) => [
    status,
    status === 'FAIL' || status === 'ERROR' ? severity : '',
    phase,
    canary_id,
    slate,
    reason,
  ]);
  for (const line of tableLines(['status', 'severity', 'phase', 'check', 'slate', 'reason'], rows)) terminal.line(line);
  for (const result of report.results.filter(({ status }) => status === 'FAIL' || status === 'ERROR')) printFailure(terminal, result);
  const count = (status: string): number => report.results.filter((result) => result.status === status).length;
  terminal.line();
  terminal.line(`${count('PASS')} pass, ${count('FAIL')} fail, ${count('ERROR')} could not run, ${count('SKIP')} skipped.`);
}

function printFailure(terminal: Terminal, result: CanaryResult): void {
  terminal.line();
  terminal.line(`${result.canary_id}: ${result.question}`);
  for (const offender of result.offenders) terminal.line(`  ${offender}`);
  const unnamed = result.offender_count - result.offenders.length;
  if (unnamed > 0) terminal.line(`  and ${unnamed} more`);
  terminal.line(`  repair: ${result.repair}`);
  terminal.line(`  runbook: ${result.runbook}`);
}
