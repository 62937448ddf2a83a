import * as Plot from '@observablehq/plot';
import type { JSX } from 'preact';
import { useCallback } from 'preact/hooks';
import type { IncidentReading, SourceCoverage } from '#app/reading/operations.ts';
import { Chart, Empty, Section, Table, Tag, type Tone } from '#app/site/browser/parts.tsx';
import { to } from '#app/site/browser/route.ts';
import type { PhaseRun } from '#core/contracts/nba_orchestration.ts';
import { count, duration, span, when } from '#core/format.ts';

const SEVERITY: Readonly<Record<string, Tone>> = { critical: 'bad', error: 'bad', warning: 'attention' };

export function Incidents({
  incidents,
  asOf,
}: {
  readonly incidents: readonly IncidentReading[];
  readonly asOf: string;
}): JSX.Element {
  const draw = useCallback(
    (width: number) => {
      const rows = incidents
        .slice(0, 20)
        .map((one) => ({ ...one, from: new Date(one.opened_at), until: new Date(one.closed_at ?? asOf) }));
      return Plot.plot({
        width,
        height: 40 + 24 * new Set(rows.map(({ check }) => check)).size,
        marginLeft: Math.min(190, width * 0.42),
        marginTop: 8,
        x: { type: 'utc', label: null, nice: true },
        y: { label: null, tickFormat: (check: string) => check.replaceAll('_', ' ') },
        marks: [
          Plot.gridX({ stroke: 'var(--rule)' }),
          Plot.barX(rows, {
            y: 'check',
            x1: 'from',
            x2: 'until',
            insetTop: 4,
            insetBottom: 4,
            rx: 2,
            fill: ({ severity }) =>
              SEVERITY[severity] === 'bad'
                ? 'var(--bad)'
                : SEVERITY[severity] === 'attention'
                  ? 'var(--attention)'
                  : 'var(--idle)',
            fillOpacity: ({ status }) => (status === 'open' ? 1 : 0.45),
          }),
          Plot.dot(rows, { y: 'check', x: 'from', r: 3.5, fill: 'var(--ink)' }),
        ],
      });
    },
    [incidents, asOf],
  );
  if (incidents.length === 0)
    return (
      <Section title="Incidents">
        <Empty title="No incident so far">Checks that fail are kept here until they pass again.</Empty>
      </Section>
    );
  return (
    <Section
      title="Incidents"
      note="From the first failure until every slate passes again; faded ones are over."
    >
      <Chart
        draw={draw}
        description={`Timeline of ${count(Math.min(20, incidents.length), 'incident')}; the table has the times.`}
      />
      <Table
        caption="Incidents, newest first"
        rows={incidents}
        limit={10}
        keyOf={({ incident_id }) => incident_id}
        columns={[
          {
            head: 'Check',
            cell: ({ check, question }) => (
              <>
                <code>{check}</code>
                <span class="sub">{question}</span>
              </>
            ),
          },
          {
            head: 'State',
            cell: ({ status, severity }) => (
              <Tag tone={status === 'open' ? (SEVERITY[severity] ?? 'idle') : 'idle'}>{status}</Tag>
            ),
          },
          { head: 'Since', cell: ({ opened_at }) => when(opened_at) },
          {
            head: 'Lasted',
            isNumber: true,
            cell: ({ opened_at, closed_at }) => span(opened_at, closed_at ?? asOf),
          },
          {
            head: 'What was seen',
            cell: ({ reason, hidden_by }) => (
              <>
                {reason}
                {hidden_by !== null && <span class="sub">because of {hidden_by}</span>}
              </>
            ),
          },
          { head: 'Repair', cell: ({ repair }) => <code>{repair}</code> },
          {
            head: 'Seen by',
            cell: ({ acknowledged_by }) => acknowledged_by ?? <span class="soft">nobody</span>,
          },
        ]}
      />
    </Section>
  );
}

const RUN_TONE: Readonly<Record<string, Tone>> = {
  done: 'good',
  empty: 'idle',
  held: 'attention',
  failed: 'bad',
};

export function Runs({ runs }: { readonly runs: readonly PhaseRun[] }): JSX.Element {
  const draw = useCallback(
    (width: number) => {
      const rows = runs.slice(0, 400).map((run) => ({
        ...run,
        seconds: Math.max(0.01, (Date.parse(run.finished_at) - Date.parse(run.started_at)) / 1000),
        at: new Date(run.started_at),
      }));
      return Plot.plot({
        width,
        height: 260,
        marginLeft: 52,
        marginTop: 30,
        marginBottom: 48,
        x: { type: 'utc', label: 'UTC', nice: true },
        y: { type: 'log', label: 'Seconds', grid: true, ticks: 4, tickFormat: (s: number) => `${s} s` },
        marks: [
          Plot.dot(rows, {
            x: 'at',
            y: 'seconds',
            r: 3.5,
            fill: ({ verdict }) => `var(--${RUN_TONE[verdict] ?? 'idle'})`,
            fillOpacity: 0.75,
          }),
        ],
      });
    },
    [runs],
  );
  if (runs.length === 0)
    return (
      <Section title="Runs">
        <Empty title="Nothing ran in the last 30 days" />
      </Section>
    );
  return (
    <Section title="Runs" note="Every finished run of a processor in the last 30 days, by how long it took.">
      <p class="legend">
        <span class="key dot-good">done</span>
        <span class="key dot-idle">nothing to do</span>
        <span class="key dot-attention">held</span>
        <span class="key dot-bad">failed</span>
      </p>
      <Chart
        draw={draw}
        description={`Durations of the last ${count(Math.min(400, runs.length), 'run')}; the table has the numbers.`}
      />
      <Table
        caption="Runs, newest first"
        rows={runs}
        limit={12}
        keyOf={({ processor, started_at, slate_from }, i) => `${processor} ${started_at} ${slate_from} ${i}`}
        columns={[
          { head: 'Started', cell: ({ started_at }) => when(started_at) },
          { head: 'Processor', cell: ({ processor }) => processor },
          {
            head: 'Slates',
            cell: ({ slate_from, slate_to }) =>
              slate_from === slate_to ? slate_from : `${slate_from} to ${slate_to}`,
          },
          {
            head: 'Verdict',
            cell: ({ verdict, reason }) => (
              <>
                <Tag tone={RUN_TONE[verdict] ?? 'idle'}>{verdict}</Tag>
                {reason !== null && <span class="sub">{reason}</span>}
              </>
            ),
          },
          { head: 'Rows', isNumber: true, cell: ({ row_count }) => row_count.toLocaleString('en-US') },
          {
            head: 'Took',
            isNumber: true,
            cell: ({ started_at, finished_at }) =>
              duration((Date.parse(finished_at) - Date.parse(started_at)) / 1000),
          },
        ]}
      />
    </Section>
  );
}

const SOURCES: readonly (readonly [keyof SourceCoverage & string, string])[] = [
  ['box_scores', 'Player box scores'],
  ['team_box_scores', 'Team box scores'],
  ['lines', 'Lines'],
  ['status_reports', 'Status reports'],
  ['shots', 'Shots'],
  ['predictions', 'Predictions'],
  ['grades', 'Grades'],
];

export function Sources({
  sources,
  today,
}: {
  readonly sources: readonly SourceCoverage[];
  readonly today: string;
}): JSX.Element {
  const draw = useCallback(
    (width: number) => {
      const cells = sources.flatMap((day) =>
        SOURCES.map(([key, label]) => ({
          at: new Date(`${day.slate}T00:00:00Z`),
          label,
          share: Number(day[key]) / Math.max(1, day.games),
        })),
      );
      const next = (date: Date): Date => new Date(date.getTime() + 86_400_000);
      return Plot.plot({
        width,
        height: 210,
        marginLeft: width < 500 ? 106 : 128,
        marginTop: 6,
        x: { type: 'utc', label: null },
        y: { label: null, domain: SOURCES.map(([, label]) => label) },
        marks: [
          Plot.barX(cells, {
            x1: 'at',
            x2: ({ at }) => next(at),
            y: 'label',
            inset: 0.4,
            fill: ({ share }) =>
              share >= 1 ? 'var(--good)' : share > 0 ? 'var(--attention)' : 'var(--hole)',
          }),
        ],
      });
    },
    [sources],
  );
  if (sources.length === 0)
    return (
      <Section title="Sources">
        <Empty title="No game was scheduled so far" />
      </Section>
    );
  const began = sources.find(({ predictions }) => predictions > 0)?.slate;
  // Data that is not due is not a hole: tonight's results, and everything before the first forecast.
  const due = (day: SourceCoverage): (readonly [string, number])[] => [
    ...(day.slate < today ? [['box scores', day.box_scores] as const] : []),
    ...(began !== undefined && day.slate >= began ? [['predictions', day.predictions] as const] : []),
    ...(began !== undefined && day.slate >= began && day.slate < today
      ? [['grades', day.grades] as const]
      : []),
  ];
  const missing = (day: SourceCoverage): string[] =>
    due(day).flatMap(([name, games]) => (games < day.games ? [`${name} ${games} of ${day.games}`] : []));
  const holes = sources.filter((day) => missing(day).length > 0).toReversed();
  return (
    <Section title="Sources" note="How many games of each slate each source has.">
      <p class="legend">
        <span class="key bar-good">all games</span>
        <span class="key bar-attention">some</span>
        <span class="key bar-hole">none</span>
      </p>
      <Chart
        draw={draw}
        description={`Coverage of ${SOURCES.length} sources over ${count(sources.length, 'slate')}; ${count(holes.length, 'slate')} without all box scores, predictions or grades.`}
      />
      {holes.length === 0 ? (
        <p class="soft">No slate lacks box scores, predictions or grades.</p>
      ) : (
        <Table
          caption="Slates with holes, newest first"
          rows={holes}
          limit={10}
          keyOf={({ slate }) => slate}
          columns={[
            { head: 'Slate', cell: ({ slate }) => <a href={to('slate', slate)}>{slate}</a> },
            { head: 'Games', isNumber: true, cell: ({ games }) => games },
            { head: 'Not complete', cell: (day) => missing(day).join(', ') },
          ]}
        />
      )}
    </Section>
  );
}
