import * as Plot from '@observablehq/plot';
import type { JSX } from 'preact';
import { useCallback } from 'preact/hooks';
import type { BackfillReading, BackfillUnit } from '#app/reading/operations.ts';
import { unpack } from '#app/reading/packed.ts';
import { useDocument } from '#app/site/browser/data.ts';
import { Chart, Empty, Section, Table, Tag, Waiting } from '#app/site/browser/parts.tsx';
import { to } from '#app/site/browser/route.ts';
import { count, duration, span, when } from '#core/format.ts';

/** Progress of backfills, and what they left out. */
export function BackfillPage(): JSX.Element {
  const loaded = useDocument('backfill');
  return (
    <>
      <header class="page-head">
        <h1>Backfill</h1>
      </header>
      {loaded.state === 'here' ? <Backfill reading={loaded.document} /> : <Waiting of={loaded} />}
    </>
  );
}

function Backfill({ reading }: { readonly reading: BackfillReading }): JSX.Element {
  const { runs, steps, failures } = reading;
  const units = unpack<BackfillUnit>(reading.units);
  if (runs.length === 0) {
    return (
      <Empty title="No backfill has run here">
        <code>npx tipoff backfill plan --from &lt;slate&gt; --to &lt;slate&gt;</code> says what one would do,
        and how long it takes.
      </Empty>
    );
  }
  return (
    <>
      <Section title="Runs">
        <ul class="runs">
          {runs.toReversed().map((run) => (
            <li key={run.run_id}>
              <p>
                <Tag
                  tone={
                    run.progress.state === 'finished'
                      ? 'good'
                      : run.progress.state === 'ended'
                        ? 'attention'
                        : run.progress.state === 'running'
                          ? 'under'
                          : 'bad'
                  }
                >
                  {run.progress.state}
                </Tag>{' '}
                <strong>
                  {run.from} to {run.to}
                </strong>{' '}
                <span class="soft">
                  {run.phases.join(', ')} · {when(run.started_at)} · {run.by}
                </span>
              </p>
              <progress
                max={Math.max(1, run.planned_units)}
                value={run.planned_units === 0 ? 1 : run.progress.done}
                aria-label={`${run.progress.done} of ${run.planned_units} units`}
              />
              <p class="soft">
                {run.progress.done} of {count(run.planned_units, 'unit')}
                {run.failed_units > 0 && `, ${run.failed_units} failed`}
                {run.progress.held > 0 && `, ${run.progress.held} held`} ·{' '}
                {run.finished_at === null
                  ? `going for ${span(run.started_at, run.updated_at)}`
                  : `took ${duration((Date.parse(run.finished_at) - Date.parse(run.started_at)) / 1000)}`}
                , {duration(run.estimated_seconds)} estimated
                {run.reason !== null && ` · ${run.reason}`}
              </p>
            </li>
          ))}
        </ul>
      </Section>
      <Months steps={steps.map(({ step }) => step)} units={units} />
      <Section title="Steps">
        <Table
          caption="Steps of the backfill"
          rows={steps}
          keyOf={({ step }) => step}
          columns={[
            { head: 'Step', cell: ({ step }) => step },
            { head: 'Slates', isNumber: true, cell: ({ slates }) => slates },
            {
              head: 'Held',
              isNumber: true,
              cell: ({ held }) => (held > 0 ? <span class="attention">{held}</span> : held),
            },
            {
              head: 'Failed',
              isNumber: true,
              cell: ({ failed }) => (failed > 0 ? <span class="bad">{failed}</span> : failed),
            },
            { head: 'First', className: 'keep', cell: ({ first }) => first ?? '–' },
            { head: 'Last', className: 'keep', cell: ({ last }) => last ?? '–' },
            { head: 'Rows', isNumber: true, cell: ({ rows }) => rows.toLocaleString('en-US') },
            {
              head: 'A slate takes',
              isNumber: true,
              cell: ({ seconds_per_slate }) =>
                seconds_per_slate === null
                  ? '–'
                  : seconds_per_slate < 0.1
                    ? `${(1000 * seconds_per_slate).toFixed(seconds_per_slate < 0.01 ? 1 : 0)} ms`
                    : `${seconds_per_slate.toFixed(2)} s`,
            },
          ]}
        />
      </Section>
      <Section title="Failures">
        {failures.length === 0 ? (
          <Empty title="Nothing failed" />
        ) : (
          <Table
            caption="What failed"
            rows={failures}
            limit={20}
            keyOf={({ step, slate }) => `${step} ${slate}`}
            columns={[
              { head: 'Step', cell: ({ step }) => step },
              { head: 'Slate', cell: ({ slate }) => <a href={to('slate', slate)}>{slate}</a> },
              { head: 'Why', cell: ({ reason }) => reason },
            ]}
          />
        )}
      </Section>
    </>
  );
}

/** Width of the step names, in pixels. */
const LABELS = 182;

function Months({
  steps,
  units,
}: {
  readonly steps: readonly string[];
  readonly units: readonly BackfillUnit[];
}): JSX.Element {
  const draw = useCallback(
    (width: number) => {
      const months = [...new Set(units.map(({ month }) => month))].sort();
      return Plot.plot({
        width,
        height: 46 + 20 * steps.length,
        marginLeft: LABELS,
        marginTop: 6,
        x: {
          type: 'band',
          label: null,
          domain: months,
          ticks: months.filter((_, i) => i % Math.ceil((months.length * 64) / (width - LABELS)) === 0),
          padding: 0.08,
        },
        y: { label: null, domain: steps },
        marks: [
          Plot.cell(units, {
            x: 'month',
            y: 'step',
            inset: 0.5,
            fill: ({ failed, held }) =>
              failed > 0 ? 'var(--bad)' : held > 0 ? 'var(--attention)' : 'var(--good)',
          }),
        ],
      });
    },
    [steps, units],
  );
  return (
    <Section title="By month and step">
      <p class="legend">
        <span class="key bar-good">done</span>
        <span class="key bar-attention">some held</span>
        <span class="key bar-bad">some failed</span>
      </p>
      <Chart
        draw={draw}
        description={`${count(units.length, 'unit')} of the ledger by month and step: ${count(units.filter(({ held }) => held > 0).length, 'unit')} with slates held, ${units.filter(({ failed }) => failed > 0).length} with failures.`}
      />
    </Section>
  );
}
