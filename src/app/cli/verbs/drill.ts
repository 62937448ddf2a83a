import type { Command } from 'commander';
import { type CliHost, contextOf } from '#app/cli/context.ts';
import { TipoffError } from '#core/errors.ts';
import type { Drill, DrillResult } from '#guard/drills/drill.ts';
import { tableLines } from '#platform/report/console.ts';

/** `drill list|run`: replays of past incidents. */
export function addDrillVerbs(root: Command, host: CliHost): void {
  const drill = root
    .command('drill')
    .description('replay past incidents and the healthy twins that look like them');

  drill
    .command('list')
    .description('list every drill: what happened then, and what must be reported now')
    .action(async (_options: object, command: Command) => {
      const { terminal } = contextOf(host, command);
      const drills = await chosen([]);
      terminal.json(
        drills.map(({ replay, twin, isNoise, ...drill }) => ({
          ...drill,
          must_be: isNoise === true ? 'silent' : 'alerted',
          replay: replay.what,
          twin: twin.what,
        })),
      );
      const rows = drills.map(({ id, incident, date, guard, isNoise, happened }) => [
        id,
        incident,
        date,
        isNoise === true ? 'silence' : guard,
        happened,
      ]);
      for (const line of tableLines(['drill', 'incident', 'date', 'must say', 'what happened'], rows))
        terminal.line(line);
    });

  drill
    .command('run')
    .description(
      'play drills in a simulated league; exit 1 if an incident goes unnoticed or a twin is not silent',
    )
    .argument('[id...]', 'these drills only')
    .action(async (ids: string[], _options: object, command: Command) => {
      const { terminal, config } = contextOf(host, command);
      const drills = await chosen(ids);
      const { playDrills } = await import('#app/drills.ts');
      const report = await playDrills(config, drills, {
        say: (line) => terminal.progress(line),
        onResult: (result) => {
          for (const line of lines(result)) terminal.progress(line);
        },
      });
      terminal.json(report);
      terminal.line(`${report.passed} of ${report.results.length} drills passed.`);
      if (report.passed < report.results.length) host.exit(1);
    });
}

function lines({ drill_id, incident, passed, replay, twin, wrong }: DrillResult): string[] {
  return [
    `${passed ? 'passed' : 'FAILED'} ${incident} ${drill_id}`,
    ...(wrong === null ? [] : [`  ${wrong}`]),
    `  incident: ${replay.said}`,
    `  twin:     ${twin.said}`,
  ];
}

/** The named drills, or all of them. Throws TIPOFF_BAD_INPUT for an unknown name. */
async function chosen(ids: readonly string[]): Promise<readonly Drill[]> {
  const { DRILLS } = await import('#guard/drills/catalogue/catalogue.ts');
  const unknown = ids.filter((id) => !DRILLS.some((drill) => drill.id === id));
  if (unknown.length > 0) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `there is no drill ${unknown.join(', ')}`, {
      hint: 'See `tipoff drill list` for their names.',
      details: { unknown },
    });
  }
  return ids.length === 0 ? DRILLS : DRILLS.filter(({ id }) => ids.includes(id));
}
