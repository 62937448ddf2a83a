import { addDays, type Slate, slateOf } from '#core/calendar.ts';
import { byUrgency, isFailing, type Outcome } from '#core/check.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import { clause, when } from '#core/format.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { ask, unaskedOf } from '#guard/canaries/ask.ts';
import { readCalendar } from '#guard/canaries/calendar.ts';
import { canariesNamed } from '#guard/canaries/catalogue/catalogue.ts';
import { readHalt } from '#guard/canaries/halt.ts';
import { byteBudget, statementsWithin } from '#guard/canaries/statements.ts';
import { listIncidents } from '#guard/incidents/acknowledge.ts';
import { OUTBOX, type OutboxDoc } from '#platform/notify/outbox.ts';
import { oneLine } from '#platform/report/escape.ts';
import {
  type Answer,
  type AnswerVerdict,
  answerOf,
  type Found,
  type Question,
  readHistory,
  type SlateHistory,
  type StatusDeps,
  type StatusMoment,
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

/** The status of a slate, as every output shows it. */
export interface Status {
  readonly schema_version: 1;
  readonly slate: string;
  readonly as_of: string;
  readonly code_version: string;
  readonly games: number;
  /** Why there are no games; null when there are some. */
  readonly no_games: string | null;
  /** The worst verdict of all answers; idle counts as good. */
  readonly verdict: 'good' | 'attention' | 'bad' | 'unknown';
  readonly alerts: { readonly open: number; readonly unacknowledged: number; readonly undelivered: number };
  readonly answers: readonly Answer[];
  readonly history: readonly SlateHistory[];
}

/**
 * Answers the morning questions for a slate, by default today's in New York. Only reads. A question that cannot be
 * answered is `unknown`, with the error, and does not affect the others. Throws when the calendar itself is unreadable.
 * Of fewer questions the verdict is the worst of their answers.
 */
export async function readStatus(
  deps: StatusDeps,
  wanted?: Slate,
  questions: readonly Question[] = QUESTIONS,
): Promise<Status> {
  const now = deps.clock.now();
  const slate = wanted ?? slateOf(now);
  const calendar = await readCalendar(deps.warehouse, slate);
  const moment: StatusMoment = {
    now,
    slate,
    calendar,
    lastNight: calendar.previousGameDay(slate),
    noGames: calendar.whyNoGames(slate),
  };
  const judged = await askCanaries(deps, moment, questions);
  const answers: Answer[] = [];
  for (const question of questions) answers.push(await answer(deps, moment, question, judged));
  const open = (await listIncidents(deps.state, 'open')).filter(({ hidden_by }) => hidden_by === null);
  const waiting = await deps.state.list<OutboxDoc>(OUTBOX, { where: { status: 'pending' } });
  return {
    schema_version: 1,
    slate,
    as_of: now.toISOString(),
    code_version: deps.deployment.codeVersion,
    games: calendar.day(slate)?.games ?? 0,
    no_games: moment.noGames ?? null,
    verdict: worst(answers.map(({ verdict }) => verdict)),
    alerts: {
      open: open.length,
      unacknowledged: open.filter(({ ack, snooze }) => ack === null && snooze === null).length,
      undelivered: waiting.length,
    },
    answers,
    history: await readHistory(deps.warehouse, slate),
  };
}

/** Runs the canaries that questions rely on, for the slate and the game day before it. */
async function askCanaries(
  deps: StatusDeps,
  { now, slate, lastNight, calendar }: StatusMoment,
  questions: readonly Question[],
): Promise<Map<string, Outcome>> {
  const halt = await readHalt(deps.state);
  const statements = statementsWithin(deps.warehouse, byteBudget(Number.POSITIVE_INFINITY));
  const asking = { context: deps, halt, statements };
  const canaries = canariesNamed(questions.flatMap((question) => question.canaries ?? []));
  const outcomes = canaries.map(async (canary): Promise<[string, Outcome]> => {
    const about = canary.looksAt === 'last_night' ? (lastNight ?? addDays(slate, -1)) : slate;
    const moment = { asOf: now, slate: about, calendar };
    const unasked = unaskedOf(canary, moment);
    return [canary.id, { ...unasked, ...(await ask(canary, moment, asking, unasked)) }];
  });
  return new Map(await Promise.all(outcomes));
}

async function answer(
  deps: StatusDeps,
  moment: StatusMoment,
  { number, name, question, canaries = [], find }: Question,
  judged: ReadonlyMap<string, Outcome>,
): Promise<Answer> {
  const outcomes = canaries.flatMap((id) => judged.get(id) ?? []);
  const found = await find(deps, moment)
    .then((raw) => (outcomes.length === 0 ? raw : asJudged(raw, outcomes)))
    .catch((error: unknown): Found => {
      const hint = error instanceof TipoffError ? ` ${error.hint}` : '';
      return { verdict: 'unknown', answer: `Could not be answered: ${messageOf(error)}${hint}` };
    });
  return answerOf({ number, name, question }, found);
}

/**
 * Adjusts what was found to the canaries that ask the same question. When one fails, the answer says why;
 * when all skip, good and bad become idle; when they pass, bad becomes attention.
 */
export function asJudged(found: Found, outcomes: readonly Outcome[]): Found {
  const failing = outcomes.filter(isFailing).toSorted(byUrgency);
  const [worstOne] = failing;
  if (worstOne !== undefined) {
    const isBlind = failing.some(({ status }) => status === 'error');
    const verdict = isBlind ? 'unknown' : worstOne.severity === 'critical' ? 'bad' : 'attention';
    const isSaid = !isBlind && (found.verdict === 'bad' || found.verdict === 'attention');
    const why = failing.map(({ check, reason }) => `${check}: ${clause(reason)}`).join('; ');
    return {
      ...found,
      verdict,
      answer: isSaid ? found.answer : `${found.answer} ${why}.`,
      ...omitUndefined({ next: found.next ?? worstOne.repair }),
    };
  }
  if (outcomes.every(({ status }) => status === 'skip')) {
    if (found.verdict !== 'bad') return found.verdict === 'good' ? { ...found, verdict: 'idle' } : found;
    const why = [...new Set(outcomes.map(({ reason }) => clause(reason)))].join('; ');
    return { ...found, verdict: 'idle', answer: `${found.answer} Not judged: ${why}.` };
  }
  return { ...found, verdict: found.verdict === 'bad' ? 'attention' : found.verdict };
}

function worst(verdicts: readonly AnswerVerdict[]): Status['verdict'] {
  return (['bad', 'unknown', 'attention'] as const).find((verdict) => verdicts.includes(verdict)) ?? 'good';
}

const MARKS: Readonly<Record<AnswerVerdict, string>> = {
  good: 'ok  ',
  attention: 'LOOK',
  bad: 'BAD ',
  idle: '-   ',
  unknown: '??? ',
};
const BARS = '▁▂▃▄▅▆▇█';

/** One terminal screen: a headline, fifteen answers with the next command to run, and thirty slates as bars. */
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
