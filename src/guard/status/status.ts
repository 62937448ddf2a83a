import { type Slate, slateOf } from '#core/calendar.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import { when } from '#core/format.ts';
import { readCalendar } from '#guard/canaries/calendar.ts';
import { listIncidents } from '#guard/incidents/acknowledge.ts';
import { OUTBOX, type OutboxDoc } from '#platform/notify/outbox.ts';
import { oneLine } from '#platform/report/escape.ts';
import {
  type Answer,
  type Question,
  readHistory,
  type SlateHistory,
  type StatusMoment,
  type StatusWorld,
  type Verdict,
} from './answer.ts';
import { LAST_NIGHT } from './answers/last-night.ts';
import { OPERATIONS } from './answers/operations.ts';
import { PRODUCT } from './answers/product.ts';
import { RUNNING } from './answers/running.ts';
import { TONIGHT } from './answers/tonight.ts';
/** The fifteen questions in the order in which people ask them. */
export const QUESTIONS: readonly Question[] = [
  ...TONIGHT,
  ...LAST_NIGHT,
  ...RUNNING,
  ...OPERATIONS,
  ...PRODUCT,
].sort((a, b) => a.number - b.number);

/** The state of a slate, as every rendering shows it. */
export interface Status {
  readonly schema_version: 1;
  readonly slate: string;
  readonly as_of: string;
  readonly code_version: string;
  readonly games: number;
  /** Why there are none. */
  readonly no_games: string | null;
  /** Worst verdict; idle counts as good. */
  readonly verdict: 'good' | 'attention' | 'bad' | 'unknown';
  readonly alerts: { readonly open: number; readonly unacknowledged: number; readonly undelivered: number };
  readonly answers: readonly Answer[];
  readonly history: readonly SlateHistory[];
}

/**
 * Answers the morning questions for a slate; without one for today, in New York. Only reads. A question that cannot be
 * answered is `unknown` with the error: it spoils neither the others nor the truth. Throws when not even the calendar is readable.
 */
export async function readStatus(world: StatusWorld, wanted?: Slate): Promise<Status> {
  const now = world.clock.now();
  const slate = wanted ?? slateOf(now);
  const calendar = await readCalendar(world.warehouse, slate);
  const moment: StatusMoment = {
    now,
    slate,
    calendar,
    lastNight: calendar.previousGameDay(slate),
    noGames: calendar.whyNoGames(slate),
  };
  const answers: Answer[] = [];
  for (const question of QUESTIONS) answers.push(await answer(world, moment, question));
  const open = (await listIncidents(world.state, 'open')).filter(({ hidden_by }) => hidden_by === null);
  const waiting = await world.state.list<OutboxDoc>(OUTBOX, { where: { status: 'pending' } });
  return {
    schema_version: 1,
    slate,
    as_of: now.toISOString(),
    code_version: world.codeVersion,
    games: calendar.day(slate)?.games ?? 0,
    no_games: moment.noGames ?? null,
    verdict: worst(answers.map(({ verdict }) => verdict)),
    alerts: {
      open: open.length,
      unacknowledged: open.filter(({ ack, snooze }) => ack === null && snooze === null).length,
      undelivered: waiting.length,
    },
    answers,
    history: await readHistory(world.warehouse, slate),
  };
}

async function answer(
  world: StatusWorld,
  moment: StatusMoment,
  { number, name, question, find }: Question,
): Promise<Answer> {
  try {
    return { number, name, question, ...(await find(world, moment)) };
  } catch (error) {
    const hint = error instanceof TipoffError ? ` ${error.hint}` : '';
    return {
      number,
      name,
      question,
      verdict: 'unknown',
      answer: `Could not be answered: ${messageOf(error)}${hint}`,
    };
  }
}

function worst(verdicts: readonly Verdict[]): Status['verdict'] {
  return (['bad', 'unknown', 'attention'] as const).find((verdict) => verdicts.includes(verdict)) ?? 'good';
}

const MARKS: Readonly<Record<Verdict, string>> = {
  good: 'ok  ',
  attention: 'LOOK',
  bad: 'BAD ',
  idle: '-   ',
  unknown: '??? ',
};
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
      `${MARKS[verdict]} ${String(number).padStart(2)} ${name.padEnd(width)}  ${oneLine(answer)}`,
      ...(next !== undefined && verdict !== 'good' && verdict !== 'idle'
        ? [`${' '.repeat(width + 10)}-> ${oneLine(next)}`]
        : []),
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
