import * as Plot from '@observablehq/plot';
import type { JSX } from 'preact';
import { useCallback } from 'preact/hooks';
import type { HealthReading, SourceCoverage } from '#app/reading/operations.ts';
import { unpack } from '#app/reading/packed.ts';
import { useDocument } from '#app/site/browser/data.ts';
import { Chart, Empty, Section, Table, Tag, type Tone, Waiting } from '#app/site/browser/parts.tsx';
import { to } from '#app/site/browser/route.ts';
import { longDate } from '#app/site/browser/words.ts';
import { slateOf } from '#core/calendar.ts';
import type { PhaseRun } from '#core/contracts/nba_orchestration.ts';
import { count, when } from '#core/format.ts';
import type { Answer, AnswerTable, SlateHistory } from '#guard/status/answer.ts';
import type { Status } from '#guard/status/status.ts';
import { Incidents, Runs, Sources } from './health-operations.tsx';

const HEADLINE: Readonly<Record<Status['verdict'], string>> = {
  good: 'All is well',
  attention: 'Worth a look',
  bad: 'Action needed',
  unknown: 'Not everything could be found out',
};
const WORDS: Readonly<Record<Answer['verdict'], readonly [string, Tone]>> = {
  good: ['good', 'good'],
  attention: ['look', 'attention'],
  bad: ['act', 'bad'],
  idle: ['not due', 'idle'],
  unknown: ['unknown', 'bad'],
};

/** The morning questions, incidents, runs, and missing data. */
export function HealthPage(): JSX.Element {
  const loaded = useDocument('health');
  if (loaded.state !== 'here') {
    return (
      <>
        <h1>Health</h1>
        <Waiting of={loaded} />
      </>
    );
  }
  return <Health reading={loaded.document} />;
}

function Health({ reading }: { readonly reading: HealthReading }): JSX.Element {
  const { status, incidents } = reading;
  const { alerts } = status;
  return (
    <>
      <header class={`page-head verdict ${status.verdict}`}>
        <h1>
          {HEADLINE[status.verdict]}
          <span class="h1-sub">
            {longDate(status.slate)}, as of {when(status.as_of)} ·{' '}
            {status.no_games ?? count(status.games, 'game')} · {count(alerts.open, 'open alert')},{' '}
            {alerts.unacknowledged} unacknowledged
          </span>
        </h1>
      </header>
      {alerts.undelivered > 0 && (
        <p class="callout bad">
          <strong>{count(alerts.undelivered, 'notice')} could not be delivered.</strong> People may not know;
          run <code>npx tipoff incidents deliver</code>.
        </p>
      )}
      <Todo answers={status.answers} />
      <div class="pair">
        <Trend
          title="Coverage"
          history={status.history}
          series={[
            ['expected players predicted', 'var(--over)', ({ coverage }) => coverage],
            [
              'games with predictions',
              'var(--under)',
              (day) =>
                day.games === 0 || !day.in_operation ? null : (100 * day.games_predicted) / day.games,
            ],
          ]}
        />
        <Trend
          title="Feature quality"
          history={status.history}
          series={[
            ['players quality-ready', 'var(--over)', ({ ready }) => ready],
            ['mean feature quality', 'var(--under)', ({ mean_quality }) => mean_quality],
          ]}
        />
      </div>
      <Section title="The morning questions">
        <ol class="answers">
          {status.answers.map((answer) => (
            <AnswerItem key={answer.number} answer={answer} />
          ))}
        </ol>
      </Section>
      <Incidents incidents={incidents} asOf={status.as_of} />
      <Runs runs={unpack<PhaseRun>(reading.runs)} />
      <Sources sources={unpack<SourceCoverage>(reading.sources)} today={slateOf(new Date(status.as_of))} />
    </>
  );
}

/** The answers that need action, shown first; null when all is well. */
function Todo({ answers }: { readonly answers: readonly Answer[] }): JSX.Element | null {
  const open = answers.filter(({ verdict }) => verdict === 'bad' || verdict === 'unknown');
  if (open.length === 0) return null;
  return (
    <section class="callout bad" aria-label="Action needed">
      <h2>{count(open.length, 'thing needs', 'things need')} somebody</h2>
      <ul>
        {open.map(({ number, name, answer, next }) => (
          <li key={number}>
            <strong>{name}.</strong> {answer}
            {next !== undefined && <code class="next">{next}</code>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function AnswerItem({
  answer: { number, name, question, verdict, answer, table, next },
}: {
  readonly answer: Answer;
}): JSX.Element {
  const [word, tone] = WORDS[verdict];
  const isOpen = verdict === 'bad' || verdict === 'attention' || verdict === 'unknown';
  return (
    <li>
      <Tag tone={tone}>{word}</Tag>
      <div>
        <h3>
          <span class="number">{number}</span> {name} <span class="question">{question}</span>
        </h3>
        <p>{answer}</p>
        {next !== undefined && isOpen && <code class="next">{next}</code>}
        {table !== undefined && table.rows.length > 0 && (
          <details>
            <summary>{count(table.rows.length, 'row')}</summary>
            <AnswerRows caption={name} table={table} />
          </details>
        )}
      </div>
    </li>
  );
}

function AnswerRows({
  caption,
  table: { header, rows },
}: {
  readonly caption: string;
  readonly table: AnswerTable;
}): JSX.Element {
  return (
    <Table
      caption={caption}
      rows={rows}
      keyOf={(_, i) => String(i)}
      columns={header.map((head, i) => ({
        head,
        cell: (row: AnswerTable['rows'][number]) => row[i] ?? '',
        isNumber: rows.every((row) => typeof row[i] === 'number'),
      }))}
    />
  );
}

function Trend({
  title,
  history,
  series,
}: {
  readonly title: string;
  readonly history: readonly SlateHistory[];
  readonly series: readonly (readonly [
    name: string,
    colour: string,
    value: (day: SlateHistory) => number | null,
  ])[];
}): JSX.Element {
  const draw = useCallback(
    (width: number) => {
      const points = series.flatMap(([name, colour, value]) =>
        history.map((day) => ({
          at: new Date(`${day.slate}T00:00:00Z`),
          name,
          colour,
          value: value(day) ?? Number.NaN,
        })),
      );
      const lowest = Math.min(100, ...points.map(({ value }) => (Number.isNaN(value) ? 100 : value)));
      const highest = Math.max(100, ...points.map(({ value }) => (Number.isNaN(value) ? 100 : value)));
      return Plot.plot({
        width,
        height: 190,
        marginLeft: 44,
        x: { type: 'utc', label: null },
        y: {
          label: null,
          domain: [Math.max(0, 10 * Math.floor(lowest / 10 - 0.5)), highest],
          tickFormat: (v: number) => `${v} %`,
          grid: true,
          ticks: 4,
        },
        marks: [
          Plot.lineY(points, {
            x: 'at',
            y: 'value',
            z: 'name',
            stroke: ({ colour }) => colour,
            strokeWidth: 1.8,
          }),
          Plot.dot(points, { x: 'at', y: 'value', r: 2, fill: ({ colour }) => colour }),
        ],
      });
    },
    [history, series],
  );
  const last = history.at(-1);
  const shown = (value: number | null | undefined): string =>
    value == null ? 'unknown' : `${value.toFixed(1)} %`;
  if (last === undefined)
    return (
      <Section title={title}>
        <Empty title="The schedule has no slates yet" />
      </Section>
    );
  return (
    <Section title={`${title}, last ${count(history.length, 'slate')}`}>
      <p class="legend">
        {series.map(([name, colour, value]) => (
          <span key={name} class={`key ${colour === 'var(--over)' ? 'dot-over' : 'dot-under'}`}>
            {name} <strong>{shown(value(last))}</strong>
          </span>
        ))}
      </p>
      <Chart
        draw={draw}
        description={`${title}: ${series.map(([name, , value]) => `${name}, last ${shown(value(last))}`).join('; ')}; ${history[0]?.slate} to ${last.slate}.`}
      />
      <details>
        <summary>Numbers</summary>
        <Table
          caption={title}
          rows={history.toReversed()}
          keyOf={({ slate }) => slate}
          columns={[
            { head: 'Slate', cell: ({ slate }) => <a href={to('slate', slate)}>{slate}</a> },
            { head: 'Games', isNumber: true, cell: ({ games }) => games },
            ...series.map(([name, , value]) => ({
              head: name,
              isNumber: true,
              cell: (day: SlateHistory) => shown(value(day)),
            })),
          ]}
        />
      </details>
    </Section>
  );
}
