import { messageOf, TipoffError } from '#core/errors.ts';
import { oneLine } from '#platform/report/escape.ts';
import type { Notice, NoticeRef, Notifier } from './port.ts';

const CHANNEL = 'console';

/**
 * Prints notices to people at a terminal, one call of `write` per line. `update` prints the difference from the last
 * text under the same reference, or the whole notice if this notifier never printed it; `reply` prints behind a `>`.
 * TIPOFF_NOTIFY when `write` fails.
 */
export function consoleNotifier(write: (line: string) => void): Notifier {
  const shown = new Map<string, Notice>();
  const print = (notice: Notice, lines: readonly string[]): void => {
    try {
      for (const line of lines) write(line);
    } catch (error) {
      throw new TipoffError(
        'TIPOFF_NOTIFY',
        `the notice "${oneLine(notice.title)}" could not be printed: ${messageOf(error)}`,
        {
          hint: 'Check where the output goes (closed pipe, full disk), then run the command again.',
          details: { channel: CHANNEL, key: notice.key },
          cause: error,
        },
      );
    }
    shown.set(notice.key, notice);
  };
  return {
    owns: ({ channel }) => channel === CHANNEL,
    send: async (notice) => {
      print(notice, [headline(notice), ...bodyLines(notice).map((line) => `  ${line}`)]);
      return { channel: CHANNEL, id: notice.key };
    },
    reply: async (ref, notice) => {
      if (ref.channel !== CHANNEL) throw foreign(ref, notice);
      print(notice, [`> ${headline(notice)}`, ...bodyLines(notice).map((line) => `  > ${line}`)]);
      return { channel: CHANNEL, id: notice.key };
    },
    find: async (notice) => (shown.has(notice.key) ? { channel: CHANNEL, id: notice.key } : undefined),
    update: async (ref, notice) => {
      if (ref.channel !== CHANNEL || ref.id !== notice.key) throw foreign(ref, notice);
      const before = shown.get(ref.id);
      print(
        notice,
        before === undefined
          ? [headline(notice), ...bodyLines(notice).map((line) => `  ${line}`)]
          : changes(before, notice),
      );
    },
  };
}

function foreign(ref: NoticeRef, notice: Notice): TipoffError {
  return new TipoffError(
    'TIPOFF_BAD_INPUT',
    `expected a reference to ${notice.key} on ${CHANNEL}, saw ${ref.id} on ${ref.channel}`,
    {
      hint: 'Update a notice through the notifier and with the reference that sent it.',
      details: { channel: ref.channel, id: ref.id, key: notice.key },
    },
  );
}

function headline(notice: Notice): string {
  return `[${notice.severity.toUpperCase()}] ${oneLine(notice.title)}`;
}

function bodyLines(notice: Notice): string[] {
  return [
    ...notice.lines.map(oneLine),
    ...(notice.repair === undefined ? [] : [`repair: ${oneLine(notice.repair)}`]),
    ...(notice.runbook === undefined ? [] : [`runbook: ${oneLine(notice.runbook)}`]),
  ];
}

/** The new headline, with the old severity when it changed, then the removed (-) and added (+) lines. */
function changes(before: Notice, after: Notice): string[] {
  const severity =
    before.severity === after.severity
      ? after.severity.toUpperCase()
      : `${before.severity.toUpperCase()} -> ${after.severity.toUpperCase()}`;
  const old = bodyLines(before);
  const current = bodyLines(after);
  const gone = old.filter((line) => !current.includes(line)).map((line) => `  - ${line}`);
  const come = current.filter((line) => !old.includes(line)).map((line) => `  + ${line}`);
  const rest = gone.length + come.length === 0 ? ['  (otherwise unchanged)'] : [...gone, ...come];
  return [`[${severity}] ${oneLine(after.title)}`, ...rest];
}
