import type { Command } from 'commander';
import { actor, type CliHost, contextOf } from '#app/cli/context.ts';
import type { Terminal } from '#app/cli/terminal.ts';
import type { App } from '#app/compose.ts';
import { TipoffError } from '#core/errors.ts';
import type { IncidentDoc } from '#guard/incidents/document.ts';
import { tableLines } from '#platform/report/console.ts';

/** `incidents list|show|ack|snooze|accept|deliver`. */
export function addIncidentVerbs(root: Command, host: CliHost): void {
  const incidents = root.command('incidents').description('list and answer incidents: one per failing check');

  incidents
    .command('list')
    .description('list open incidents, newest first')
    .option('--all', 'closed ones too')
    .action(async (options: { all?: boolean }, command: Command) => {
      const { terminal, withApp } = contextOf(host, command);
      const list = await withApp(async ({ state }) => {
        const { listIncidents } = await import('#guard/incidents/acknowledge.ts');
        return listIncidents(state, options.all === true ? 'all' : 'open');
      });
      terminal.json(list);
      if (list.length === 0)
        terminal.line(options.all === true ? 'There have been no incidents.' : 'No open incidents.');
      else
        for (const line of tableLines(
          ['incident', 'status', 'severity', 'opened', 'runs', 'note'],
          list.map(row),
        ))
          terminal.line(line);
    });

  incidents
    .command('show')
    .description('show everything about one incident')
    .argument('<incident>', 'id, or the name of the check')
    .action(async (name: string, _options: object, command: Command) => {
      const { terminal, sayHome, withApp } = contextOf(host, command);
      const [incident, { incidentNotice }] = await withApp(async ({ state }) => {
        const { findIncident } = await import('#guard/incidents/acknowledge.ts');
        return [await findIncident(state, name), await import('#guard/incidents/notice.ts')] as const;
      });
      terminal.json(incident);
      const notice = incidentNotice(incident);
      terminal.line(`${incident.incident_id} ${incident.status}, ${notice.severity}: ${notice.title}`);
      for (const line of notice.lines) terminal.line(`  ${line}`);
      if (notice.repair !== undefined) terminal.line(`  repair:  ${notice.repair}`);
      terminal.line(`  runbook: ${incident.runbook}`);
      if (notice.repair !== undefined) sayHome();
    });

  incidents
    .command('ack')
    .description('take an incident on: no reminders until it ends, gets worse, or fails on another slate')
    .argument('<incident>', 'id, or the name of the check')
    .option('--note <text>', 'shown with the incident')
    .action(async (name: string, options: { note?: string }, command: Command) => {
      const { terminal, withApp } = contextOf(host, command);
      await withApp(async (app) => {
        const { acknowledge } = await import('#guard/incidents/acknowledge.ts');
        await showChange(
          app,
          terminal,
          await acknowledge(app, name, actor('incidents ack'), options.note ?? null),
        );
      });
    });

  incidents
    .command('snooze')
    .description('mute an incident for a while, unless it gets worse')
    .argument('<incident>', 'id, or the name of the check')
    .requiredOption('--for <span>', 'minutes, hours or days: 90m, 4h, 2d')
    .requiredOption('--reason <reason>', 'shown with the incident')
    .action(async (name: string, options: { for: string; reason: string }, command: Command) => {
      const { terminal, withApp } = contextOf(host, command);
      const span = milliseconds(options.for);
      await withApp(async (app) => {
        const { snooze } = await import('#guard/incidents/acknowledge.ts');
        const until = new Date(app.clock.now().getTime() + span);
        await showChange(
          app,
          terminal,
          await snooze(app, name, actor('incidents snooze'), until, options.reason),
        );
      });
    });

  incidents
    .command('accept')
    .description('accept what will not be repaired: the check no longer asks about these slates')
    .argument('<incident>', 'id, or the name of the check')
    .requiredOption('--reason <reason>', 'shown with the incident')
    .option('--through <slate>', 'the failing slates up to this one (default: all of them)')
    .action(async (name: string, options: { reason: string; through?: string }, command: Command) => {
      const { terminal, slate: readSlate, withApp } = contextOf(host, command);
      const through = options.through === undefined ? undefined : readSlate(options.through);
      await withApp(async (app) => {
        const { accept } = await import('#guard/incidents/acknowledge.ts');
        const how = { by: actor('incidents accept'), reason: options.reason, through };
        await showChange(app, terminal, await accept(app, name, how));
      });
    });

  incidents
    .command('deliver')
    .description('deliver messages that could not be delivered before')
    .action(async (_options: object, command: Command) => {
      const { terminal, withApp } = contextOf(host, command);
      await withApp(async (app) => {
        const delivered = await app.outbox.deliver();
        terminal.json(delivered);
        const { messageCounts } = await import('#guard/incidents/report.ts');
        const { undelivered, warnings } = delivered;
        terminal.line(`${messageCounts(delivered)}, ${undelivered.length} not delivered.`);
        for (const { title, error } of undelivered) terminal.line(`  ${title}: ${error}`);
        for (const warning of warnings) terminal.line(`  ${warning}`);
        if (undelivered.length > 0) host.exit(3);
      });
    });
}

function row(incident: IncidentDoc): string[] {
  const notes = [
    incident.hidden_by === null ? '' : `explained by ${incident.hidden_by}`,
    incident.ack === null ? '' : `acknowledged by ${incident.ack.by}`,
    incident.snooze === null ? '' : `snoozed until ${incident.snooze.until}`,
  ].filter((note) => note !== '');
  const { incident_id, status, severity, opened_at, occurrences } = incident;
  return [incident_id, status, severity, opened_at, String(occurrences), notes.join('; ')];
}

/** Shows the changed incident here and in its message. */
async function showChange(app: App, terminal: Terminal, incident: IncidentDoc): Promise<void> {
  const { checkDelivered } = await import('#platform/notify/outbox.ts');
  const delivered = await app.outbox.deliver();
  terminal.json(incident);
  terminal.line(row(incident).join('  '));
  checkDelivered(delivered);
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

function milliseconds(text: string): number {
  const match = /^(\d+)([mhd])$/.exec(text);
  const unit = UNITS[match?.[2] ?? ''];
  if (match === null || unit === undefined || Number(match[1]) === 0) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `--for: expected a span such as 90m, 4h or 2d, saw "${text}"`, {
      hint: 'A snooze always ends: say after how long.',
    });
  }
  return Number(match[1]) * unit;
}
