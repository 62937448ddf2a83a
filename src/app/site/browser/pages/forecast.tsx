import * as Plot from '@observablehq/plot';
import type { JSX } from 'preact';
import { useCallback } from 'preact/hooks';
import type { SlateForecast, SlateReading } from '#app/reading/slate.ts';
import { forecastsOf } from '#app/reading/unpacked.ts';
import { useDocument } from '#app/site/browser/data.ts';
import { massesOf } from '#app/site/browser/density.ts';
import { Chart, Empty, Figures, Section, Table, Tag, Waiting } from '#app/site/browser/parts.tsx';
import { to } from '#app/site/browser/route.ts';
import {
  chance,
  decided,
  longDate,
  marketLabel,
  odds,
  pickReason,
  pricedOver,
  result,
  signed,
  systemName,
} from '#app/site/browser/words.ts';
import { when } from '#core/format.ts';
import { Parts } from './forecast-parts.tsx';

/** Explains one forecast. */
export function ForecastPage({
  slate,
  player,
  market,
  isSecond,
}: {
  readonly slate: string;
  readonly player: number;
  readonly market: string;
  /** True for the player's second line. */
  readonly isSecond: boolean;
}): JSX.Element {
  const loaded = useDocument(`slates/${slate}`);
  if (loaded.state !== 'here') return <Waiting of={loaded} />;
  const row = forecastsOf(loaded.document).find(
    (one) => one.player_id === player && one.market === market && (one.line_role === 'second') === isSecond,
  );
  if (row === undefined) {
    return (
      <>
        <h1>No forecast</h1>
        <Empty title="Nothing is visible">
          There is no visible {marketLabel(market).toLowerCase()} forecast of this player for{' '}
          {longDate(slate)}. <a href={to('slate', slate)}>The evening</a> says who has none, and why.
        </Empty>
      </>
    );
  }
  return <Explanation reading={loaded.document} row={row} slate={slate} />;
}

function Explanation({
  reading,
  row,
  slate,
}: {
  readonly reading: SlateReading;
  readonly row: SlateForecast;
  readonly slate: string;
}): JSX.Element {
  const publication = reading.publications.find(
    ({ publication_id }) => publication_id === row.publication_id,
  );
  const side = row.recommendation === 'OVER' || row.recommendation === 'UNDER' ? row.recommendation : null;
  return (
    <>
      <header class="page-head">
        <h1>
          <a href={to('player', row.player_id, row.market)}>{row.player_name}</a>
          <span class="h1-sub">
            {marketLabel(row.market)} · {row.team_abbr} {row.is_home ? 'vs' : '@'} {row.opponent_abbr} ·{' '}
            <a href={to('slate', slate)}>{longDate(slate)}</a>
          </span>
        </h1>
        <Tag tone={row.record_class === 'live' ? 'good' : 'idle'}>{row.record_class}</Tag>
      </header>
      <Figures
        of={[
          [
            'Line',
            row.line ?? '–',
            row.line === null
              ? 'none quoted'
              : `${row.bookmaker ?? ''} ${odds(row.over_price)} / ${odds(row.under_price)}`,
          ],
          ['Forecast', row.predicted.toFixed(1), `${row.p10.toFixed(1)} to ${row.p90.toFixed(1)} in 80 %`],
          ['P(over), model', chance(decided(row.model_p_over, row.p_push)), 'ignoring the line'],
          [
            'P(over), believed',
            chance(decided(row.p_over, row.p_push)),
            row.p_push !== null && row.p_push > 0 ? `push ${chance(row.p_push)}` : 'given the line',
          ],
          [
            'Pick',
            side === null ? '–' : <span class={side === 'OVER' ? 'over-ink' : 'under-ink'}>{side}</span>,
            pickReason(row),
          ],
          [
            'Result',
            row.outcome === null ? '–' : (row.actual ?? '–'),
            row.outcome === null ? 'not graded yet' : row.outcome === 'no_bet' ? 'no bet' : result(row),
          ],
        ]}
      />
      <Distribution row={row} />
      <Section title="How the forecast came about">
        <Table
          caption="Forecasts of the systems, one building on the other"
          rows={stepsOf(row)}
          keyOf={({ name }) => name}
          columns={[
            {
              head: 'System',
              cell: ({ name, knows }) => (
                <>
                  {name}
                  <span class="sub">{knows}</span>
                </>
              ),
            },
            {
              head: 'Median',
              isNumber: true,
              cell: ({ value }) => (value === null ? <span class="soft">–</span> : value.toFixed(1)),
            },
            {
              head: 'Change',
              isNumber: true,
              cell: ({ step }) => (step === null ? <span class="soft">–</span> : signed(step)),
            },
          ]}
        />
      </Section>
      <Parts slate={slate} row={row} model={publication?.model_id ?? ''} />
      <Section title="Where it comes from">
        <dl class="facts">
          <dt>Publication</dt>
          <dd>
            <code>{row.publication_id}</code>
            {publication !== undefined &&
              ` · ${when(publication.published_at)} · ${publication.published_by}`}
          </dd>
          <dt>Model</dt>
          <dd>
            <code>{publication?.model_id ?? '–'}</code>
          </dd>
          <dt>Line heard</dt>
          <dd>{row.line_snapshot_at === null ? 'without a time' : when(row.line_snapshot_at)}</dd>
          <dt>Feature quality</dt>
          <dd>{row.feature_quality_score.toFixed(1)} of 100</dd>
          <dt>Plays</dt>
          <dd>{row.p_plays === null ? 'not counted' : chance(row.p_plays)}</dd>
          <dt>Injury status</dt>
          <dd>{row.injury_status ?? 'not listed'}</dd>
          {row.previous_at != null && (
            <>
              <dt>Publication before</dt>
              <dd>
                {when(row.previous_at)}: line {row.previous_line ?? 'none'}, forecast{' '}
                {(row.previous_predicted ?? 0).toFixed(1)}, P(over) {chance(row.previous_p_over)}
              </dd>
            </>
          )}
        </dl>
      </Section>
    </>
  );
}

interface Step {
  readonly name: string;
  readonly value: number | null;
  readonly step: number | null;
  readonly knows: string;
}

function stepsOf(row: SlateForecast): Step[] {
  const priced = pricedOver(row);
  const steps: readonly (readonly [string, number | null, string])[] = [
    [systemName('ewma8'), row.ewma8, 'his last games, recent ones weighted more'],
    [systemName('minutes_rate'), row.minutes_rate, 'expected minutes times his rate per minute'],
    [systemName('ridge'), row.predicted, 'opponent, rest, who is out, and all other features'],
    [
      systemName('market'),
      row.with_market,
      priced === null
        ? 'the same, plus the line'
        : `the same, plus the line; prices say ${chance(priced)} over`,
    ],
  ];
  return steps.map(([name, value, knows], i) => {
    const before = steps[i - 1]?.[1] ?? null;
    return { name, value, knows, step: value === null || before === null ? null : value - before };
  });
}

function Distribution({ row }: { readonly row: SlateForecast }): JSX.Element {
  const line = row.line === null ? null : Number(row.line);
  const draw = useCallback(
    (width: number) => {
      const masses = massesOf(row);
      return Plot.plot({
        width,
        height: Math.min(260, Math.max(190, width * 0.3)),
        marginLeft: 44,
        marginRight: 12,
        marginBottom: 38,
        x: { label: `${marketLabel(row.market)}`, domain: [-0.6, masses.length - 0.4] },
        y: {
          label: 'Probability',
          tickFormat: (p: number) => `${Math.round(100 * p)} %`,
          grid: true,
          ticks: 4,
        },
        marks: [
          Plot.rectY(masses, {
            x1: ({ k }) => k - 0.44,
            x2: ({ k }) => k + 0.44,
            y: 'p',
            fill: ({ k }) =>
              line === null
                ? 'var(--mass)'
                : k > line
                  ? 'var(--over)'
                  : k < line
                    ? 'var(--mass)'
                    : 'var(--soft)',
          }),
          Plot.ruleY([0], { stroke: 'var(--soft)' }),
          ...(line === null
            ? []
            : [
                Plot.ruleX([line], { stroke: 'var(--ink)', strokeWidth: 1.5 }),
                Plot.text([line], {
                  x: (d) => d,
                  frameAnchor: 'top',
                  dy: -10,
                  text: () => `line ${row.line}`,
                  fill: 'var(--ink)',
                  fontWeight: 600,
                }),
              ]),
          ...(row.actual === null
            ? []
            : [
                Plot.dot([row.actual], {
                  x: (d) => d,
                  y: 0,
                  r: 5,
                  fill: 'var(--ink)',
                  stroke: 'var(--card)',
                  strokeWidth: 1.5,
                }),
                Plot.text([row.actual], {
                  x: (d) => d,
                  y: 0,
                  dy: -14,
                  text: (d) => `${d}`,
                  fill: 'var(--ink)',
                  fontWeight: 600,
                  stroke: 'var(--card)',
                  strokeWidth: 3,
                }),
              ]),
        ],
      });
    },
    [row],
  );
  const over =
    row.p_over === null ? '' : ` The model gives ${chance(row.model_p_over)} to more than ${row.line}.`;
  return (
    <Section title="The distribution">
      <Chart
        draw={draw}
        description={`Distribution of the model: median ${row.predicted.toFixed(1)}, 80 % between ${row.p10.toFixed(1)} and ${row.p90.toFixed(1)}.${over}`}
        caption={
          line === null
            ? 'Drawn from the published quantiles of the model.'
            : 'Drawn from the published quantiles of the model alone; coloured: over the line.'
        }
      />
    </Section>
  );
}
