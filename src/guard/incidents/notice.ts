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
  if (incident.status === 'accepted') {
    const end = incident.closed_at ?? incident.updated_at;
    return {
      ...frame,
      severity: 'info',
      title: `${incident.fingerprint}: closed; what was not repaired is accepted`,
      lines: [
        incident.question,
        ...formerLines(incident),
        lifeLine(incident, end),
        ...acceptedLines(incident),
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
    incident: incident.fingerprint,
    lines: [
      incident.question,
      seenLine(slate, state),
      ...offenderLine(state),
      ...otherSlates(failingSlates(incident).slice(1)),
      ...effectLines(incident),
      sinceLine(incident),
      ...flapLine(incident),
      ...acceptedLines(incident),
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

/** Effects of which the message of their cause says what they found. */
const MAX_TOLD_EFFECTS = 5;

function effectLines({ effects, effect_reasons = {} }: IncidentDoc): string[] {
  if (effects.length === 0) return [];
  return [
    `Explains ${count(effects.length, 'more failing check')}: ${effects.join(', ')}.`,
    ...effects.slice(0, MAX_TOLD_EFFECTS).flatMap((check) => {
      const reason = effect_reasons[check];
      return reason === undefined || reason === '' ? [] : [`• ${check}: ${clause(reason)}.`];
    }),
  ];
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

const MAX_NAMED_SLATES = 5;

/** The other slates that fail: the newest of them by name. */
function otherSlates(slates: readonly [string, FailingSlate][]): string[] {
  const more = slates.length - MAX_NAMED_SLATES;
  return [
    ...slates.slice(0, MAX_NAMED_SLATES).map(([slate, { reason }]) => `Also ${slate}: ${clause(reason)}.`),
    ...(more > 0 ? [`And ${count(more, 'more slate')}, the oldest ${slates.at(-1)?.[0]}.`] : []),
  ];
}

/** Who accepted what, each reason once. */
function acceptedLines({ slates }: IncidentDoc): string[] {
  const accepted = Object.entries(slates).flatMap(([slate, { accepted: one }]) =>
    one === undefined ? [] : [{ slate, ...one }],
  );
  const groups = Map.groupBy(accepted, ({ by, at, reason }) => `${by}, ${when(at)}: ${clause(reason)}`);
  return [...groups].map(
    ([what, some]) =>
      `Accepted for ${some
        .map(({ slate }) => slate)
        .sort()
        .join(', ')} by ${what}.`,
  );
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
