import { when } from '#guard/incidents/words.ts';
import type { Verdict } from './answer.ts';
import type { Status } from './status.ts';

const MARKS: Readonly<Record<Verdict, string>> = { good: 'ok  ', attention: 'LOOK', bad: 'BAD ', idle: '-   ', unknown: '??? ' };
const BARS = '▁▂▃▄▅▆▇█';

/** One screen for a terminal: a headline, fifteen answers with the command to run next, and thirty slates as bars. */
export function statusLines(status: Status): string[] {
  const { slate, as_of, games, no_games, alerts, answers, history } = status;
  const width = Math.max(...answers.map(({ name }) => name.length));
  const shares = (key: 'coverage' | 'ready'): string => history.map((day) => bar(day[key])).join('');
  const last = history.at(-1);
  return [
    `${slate} as of ${when(as_of)}: ${status.verdict.toUpperCase()}. ${no_games ?? `${games} games`}. Alerts: ${alerts.open} open, ${alerts.unacknowledged} unacknowledged, ${alerts.undelivered} undelivered.`,
    ...answers.flatMap(({ number, name, verdict, answer, next }) => [
      `${MARKS[verdict]} ${String(number).padStart(2)} ${name.padEnd(width)}  ${plain(answer)}`,
      ...(next !== undefined && verdict !== 'good' && verdict !== 'idle' ? [`${' '.repeat(width + 10)}-> ${plain(next)}`] : []),
    ]),
    ...(last === undefined
      ? []
      : [
          `Coverage of the last ${history.length} slates  ${shares('coverage')}  ${share(last.coverage)}`,
          `Quality-ready                  ${shares('ready')}  ${share(last.ready)}`.replace(
            'Quality-ready  ',
            `Quality-ready ${' '.repeat(String(history.length).length - 1)}`,
          ),
        ]),
  ];
}

function bar(value: number | null): string {
  if (value === null) return '·';
  return BARS[Math.min(BARS.length - 1, Math.floor((value / 100) * BARS.length))] ?? '·';
}

function share(value: number | null): string {
  return value === null ? 'unknown' : `${value.toFixed(0)} %`;
}

function plain(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}
