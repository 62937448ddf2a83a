import { clause, count, span, when } from '#core/format.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import type { Notice } from '#platform/notify/port.ts';
import { offenderLine } from '#platform/report/words.ts';
import {
  type FailingSlate,
  failingSlates,
  type IncidentDoc,
  type Reply,
  type ReplyKind,
} from './document.ts';

/** The current message of an incident: red or orange while it is open, green when it is over. */
export function incidentNotice(incident: IncidentDoc): Notice {
  const frame = { key: incident.incident_id, phase: incident.phase, runbook: incident.runbook };
  if (incident.status === 'resolved') {
    const end = incident.closed_at ?? incident.updated_at;
    return {
      ...frame,
      severity: 'resolved',
      title: `${incident.fingerprint}: recovered after ${span(incident.opened_at, end)}`,
      lines: [incident.question, ...formerLines(incident), lifeLine(incident, end), ...flapLine(incident)],
    };
  }
  if (incident.status === 'lapsed') {
    const end = incident.closed_at ?? incident.updated_at;
    return {
      ...frame,
      severity: 'info',
      title: `${incident.fingerprint}: closed without proof of recovery`,
      lines: [
        incident.question,
        ...formerLines(incident),
        lifeLine(incident, end),
        'No run has looked at these slates since.',
      ],
    };
  }
  const [newest] = failingSlates(incident);
  if (newest === undefined) {
    return {
      ...frame,
      severity: incident.severity,
      title: `${incident.fingerprint}: passing for now, after flapping`,
      lines: [
        incident.question,
        ...formerLines(incident),
        ...flapLine(incident),
        ...acknowledgementLines(incident),
      ],
    };
  }
  const [slate, state] = newest;
  return {
    ...frame,
    severity: incident.severity,
    title: titleOf(incident, state),
    lines: [
      incident.question,
      seenLine(slate, state),
      ...offenderLine(state),
      ...failingSlates(incident)
        .slice(1)
        .map(([other, { reason }]) => `Also ${other}: ${clause(reason)}.`),
      ...effectLine(incident),
      sinceLine(incident),
      ...flapLine(incident),
      ...acknowledgementLines(incident),
    ],
    repair: state.repair,
  };
}

const REPLIES: Readonly<Record<ReplyKind, string>> = {
  again: 'failing again',
  another_slate: 'now fails for another slate',
  worse: 'got worse',
  reminder: 'still failing',
  surfaced: 'still failing although its cause is resolved',
  snooze_over: 'still failing now that the snooze has ended',
};

/** A message in the thread of an incident. All but those about flapping are shown in the channel as well. */
export function replyNotice(incident: IncidentDoc, { kind, number }: Reply): Notice {
  const live = incidentNotice(incident);
  return {
    key: `${incident.incident_id}:${String(number).padStart(3, '0')}`,
    phase: incident.phase,
    severity: incident.severity,
    title: `${incident.fingerprint}: ${REPLIES[kind]}`,
    lines: [live.title, ...live.lines.slice(1, 4)],
    ...omitUndefined({ repair: live.repair }),
    isBroadcast: true,
  };
}

function titleOf({ fingerprint }: IncidentDoc, { status, reason }: FailingSlate): string {
  return status === 'error'
    ? `${fingerprint} could not be checked: ${clause(reason)}`
    : `${fingerprint}: ${clause(reason)}`;
}

function seenLine(slate: string, { status, seen, expected }: FailingSlate): string {
  if (status === 'error' || seen === null)
    return `Slate ${slate}: expected ${clause(expected)}; no value could be read.`;
  return `Slate ${slate}: expected ${clause(expected)}, saw ${seen}.`;
}

function effectLine({ effects }: IncidentDoc): string[] {
  return effects.length === 0
    ? []
    : [`Explains ${count(effects.length, 'more failing check')}: ${effects.join(', ')}.`];
}

function sinceLine(incident: IncidentDoc): string {
  const since = incident.failing_since ?? incident.opened_at;
  return `Since ${when(since)} (${span(since, incident.updated_at)}); seen by ${count(incident.occurrences, 'run')}.`;
}

function flapLine({ flaps, flapping_since }: IncidentDoc): string[] {
  if (flaps === 0 || flapping_since === null) return [];
  return [`Flapping: came back ${count(flaps, 'time')} since ${when(flapping_since)}.`];
}

function acknowledgementLines({ ack, snooze, hidden_by }: IncidentDoc): string[] {
  const lines: string[] = [];
  if (hidden_by !== null) lines.push(`Explained by ${hidden_by}.`);
  if (ack !== null)
    lines.push(
      `Acknowledged by ${ack.by}, ${when(ack.at)}${ack.note === null ? '' : `: ${clause(ack.note)}`}.`,
    );
  if (snooze !== null)
    lines.push(`Snoozed by ${snooze.by} until ${when(snooze.until)}: ${clause(snooze.why)}.`);
  return lines;
}

/** What failed while it failed. */
function formerLines({ slates }: IncidentDoc): string[] {
  return Object.entries(slates)
    .sort(([a], [b]) => b.localeCompare(a))
    .slice(0, 5)
    .map(
      ([slate, { reason, status }]) =>
        `Slate ${slate}: ${status === 'error' ? 'could not be checked: ' : ''}${clause(reason)}.`,
    );
}

function lifeLine(incident: IncidentDoc, end: string): string {
  return `From ${when(incident.opened_at)} to ${when(end)}; seen by ${count(incident.occurrences, 'run')}.`;
}
