import { appendFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { actor, type CliHost, contextOf } from '#app/cli/context.ts';
import type { Terminal } from '#app/cli/terminal.ts';
import type { Report } from '#core/check.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import { parseInstant } from '#core/instants.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import type { AskedCanary, CanaryReport } from '#guard/canaries/definition.ts';
import { tableLines } from '#platform/report/console.ts';

/** `canary run|list|prove|new|halt|resume`. */
export function addCanaryVerbs(root: Command, host: CliHost): void {
  const canary = root
    .command('canary')
    .description('run the checks that say when something is missing, stuck or wrong');
  addRun(canary, host);
  addList(canary, host);
  addProve(canary, host);
  addNew(canary, host);
  addHalt(canary, host);
}

function addRun(canary: Command, host: CliHost): void {
  canary
    .command('run')
    .description(
      'run the checks and notify people; exit 1 if one fails, 3 if one could not run or nobody could be notified',
    )
    .option('--only <id...>', 'these checks only, without notifying anybody')
    .option('--as-of <instant>', 'as of a past instant, on the current data, without notifying anybody')
    .option('--summary <file>', 'also append a Markdown summary to this file')
    .action(async (options: { only?: string[]; asOf?: string; summary?: string }, command: Command) => {
      const { terminal, path, sayHome, withApp } = contextOf(host, command);
      const asOf = options.asOf === undefined ? undefined : parseInstant(options.asOf, '--as-of');
      const isLook = asOf !== undefined || options.only !== undefined;
      const [run, { report }] = await withApp(async (app) => {
        const [{ runCanaries }, { allCanaries }, { alertOn, canaryReport }, { canariesAmong }] =
          await Promise.all([
            import('#guard/canaries/run.ts'),
            import('#app/own-checks.ts'),
            import('#guard/incidents/report.ts'),
            import('#guard/canaries/catalogue/catalogue.ts'),
          ]);
        const { deps, canaries: all } = await allCanaries(app);
        const canaries = options.only === undefined ? all : canariesAmong(all, options.only);
        const isPartial = options.only !== undefined;
        const done = await runCanaries(deps, { canaries, isPartial, ...omitUndefined({ asOf }) });
        return [
          done,
          isLook ? { report: canaryReport(done.runs) } : await alertOn(app, done, canaries),
        ] as const;
      });
      if (terminal.isJson) {
        const { jsonReport } = await import('#platform/report/json.ts');
        terminal.json({ ...jsonReport(report), kind: 'canary-report', ...run });
      }
      await print(terminal, run, report);
      if (report.outcomes.some(({ status }) => status === 'fail' || status === 'error')) sayHome();
      if (options.summary !== undefined) await append(path(options.summary), report);
      if (report.outcomes.some(({ status }) => status === 'fail')) host.exit(1);
      for (const line of run.unstored) terminal.line(line);
      if (report.verdict === 'error' || run.unstored.length > 0) host.exit(3);
    });
}

function addList(canary: Command, host: CliHost): void {
  canary
    .command('list')
    .description('list every check: what it asks, when, and its runbook')
    .action(async (_options: object, command: Command) => {
      const { terminal, config } = contextOf(host, command);
      const [{ CATALOGUE }, { readOwnChecks }] = await Promise.all([
        import('#guard/canaries/catalogue/catalogue.ts'),
        import('#app/own-checks.ts'),
      ]);
      const { files, checks } = await readOwnChecks(config);
      const canaries: readonly AskedCanary[] = [...CATALOGUE, ...checks];
      const problems = files.flatMap((file) => ('problem' in file ? [file.problem] : []));
      terminal.json([
        ...canaries.map(
          ({ id, phase, question, expected, looksAt, severity, owner, repair, runbook, dependsOn }) => ({
            ...{
              id,
              phase,
              question,
              expected,
              looks_at: looksAt,
              severity,
              owner,
              repair,
              depends_on: dependsOn,
              runbook,
            },
          }),
        ),
        ...problems.map((problem) => ({ problem })),
      ]);
      const rows = canaries.map(({ id, phase, looksAt, severity: [{ by, severity }], question }) => [
        phase,
        id,
        looksAt,
        by,
        severity,
        question,
      ]);
      for (const line of tableLines(['phase', 'check', 'looks at', 'due (ET)', 'severity', 'question'], rows))
        terminal.line(line);
      for (const problem of problems) terminal.line(`NOT ASKED: ${problem}`);
      if (problems.length > 0) host.exit(2);
    });
}

function addProve(canary: Command, host: CliHost): void {
  canary
    .command('prove')
    .description(
      'break a healthy simulated league for every check and demand that it fires; exit 1 if one stays silent',
    )
    .option('--only <id...>', 'these checks only')
    .action(async (options: { only?: string[] }, command: Command) => {
      const { terminal, config } = contextOf(host, command);
      const { proveCatalogue } = await import('#app/prove.ts');
      const report = await proveCatalogue(config, {
        ...omitUndefined({ only: options.only }),
        say: (line) => terminal.progress(line),
        onProof: ({ check, proven, detail }) =>
          terminal.progress(`${proven ? 'fires ' : 'SILENT'} ${check}: ${detail}`),
      });
      terminal.json(report);
      terminal.line(
        `${report.proven} of ${report.proofs.length} checks fire on their sabotage and are quiet on health.`,
      );
      if (report.proven < report.proofs.length) host.exit(1);
    });
}

function addNew(canary: Command, host: CliHost): void {
  canary
    .command('new')
    .description('write a check of your own to start from: a file with one that passes')
    .argument('<id>', 'its name: lower case letters, digits and underscores')
    .action(async (id: string, _options: object, command: Command) => {
      const { terminal, config, path } = contextOf(host, command);
      const { writeNewCheck } = await import('#app/own-checks.ts');
      const file = await writeNewCheck({ ...config, checkFolder: path(config.checkFolder) }, id);
      terminal.json({ file });
      terminal.line(`Wrote ${file}. Change it, then \`tipoff canary run --only ${id}\`.`);
    });
}

function addHalt(canary: Command, host: CliHost): void {
  canary
    .command('halt')
    .description('halt the pipeline on purpose: checks are skipped until the end of the halt')
    .requiredOption('--until <instant>', 'end of the halt')
    .requiredOption('--reason <reason>', 'shown wherever a check is skipped')
    .action(async (options: { until: string; reason: string }, command: Command) => {
      const { terminal, clock, withApp } = contextOf(host, command);
      const until = parseInstant(options.until, '--until');
      const { halt } = await import('#guard/canaries/halt.ts');
      const document = await withApp(({ state }) =>
        halt({ state, clock }, { until, reason: options.reason, by: actor('canary halt') }),
      );
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
      terminal.line(
        lifted === undefined ? 'There was no halt.' : `Lifted the halt of ${lifted.since}: ${lifted.reason}`,
      );
    });
}

/** The results as a table, then the report as in every other channel. */
async function print(terminal: Terminal, run: CanaryReport, report: Report): Promise<void> {
  const { consoleLines } = await import('#platform/report/console.ts');
  const rows = run.results
    .filter(({ status }) => status !== 'skip')
    .map(({ status, severity, phase, check, slate, reason }) => [
      status.toUpperCase(),
      status === 'pass' ? '' : severity,
      phase,
      check,
      slate,
      reason,
    ]);
  if (rows.length > 0) {
    for (const line of tableLines(['status', 'severity', 'phase', 'check', 'slate', 'reason'], rows))
      terminal.line(line);
    terminal.line();
  }
  for (const line of consoleLines(report)) terminal.line(line);
}

async function append(file: string, report: Report): Promise<void> {
  const { markdownReport } = await import('#platform/report/markdown.ts');
  try {
    await appendFile(file, markdownReport(report));
  } catch (error) {
    throw new TipoffError(
      'TIPOFF_STORAGE',
      `the summary could not be written to ${file}: ${messageOf(error)}`,
      {
        hint: 'Give a file in a folder that exists and can be written.',
        details: { file },
        cause: error,
      },
    );
  }
}
