import * as Plot from '@observablehq/plot';
import type { JSX } from 'preact';
import { useCallback } from 'preact/hooks';
import type { CalibrationReading, QuantileCoverage, Reliability } from '#app/reading/calibration.ts';
import { useDocument } from '#app/site/browser/data.ts';
import { Chart, Empty, Figures, Section, Table, Waiting } from '#app/site/browser/parts.tsx';
import { decimal, systemName } from '#app/site/browser/words.ts';
import { percent } from '#core/format.ts';
import { Choices, chosenOf } from './record.tsx';

/** Calibration of published probabilities. */
export function CalibrationPage({ query }: { readonly query: URLSearchParams }): JSX.Element {
  const loaded = useDocument('calibration');
  return (
    <>
      <header class="page-head">
        <h1>Calibration</h1>
        {loaded.state === 'here' && <Choices rows={loaded.document.quantiles} query={query} />}
      </header>
      {loaded.state === 'here' ? (
        <Calibrations reading={loaded.document} query={query} />
      ) : (
        <Waiting of={loaded} />
      )}
    </>
  );
}

function nameOf({ system_id, believer }: Pick<Reliability, 'system_id' | 'believer'>): string {
  return believer === 'model_alone'
    ? 'Model alone'
    : system_id === 'ridge'
      ? 'Model, as published'
      : systemName(system_id);
}

function Calibrations({
  reading,
  query,
}: {
  readonly reading: CalibrationReading;
  readonly query: URLSearchParams;
}): JSX.Element {
  const { recordClass, market } = chosenOf(reading.quantiles, query);
  const fits = (row: { readonly record_class: string; readonly market: string }): boolean =>
    row.record_class === recordClass && row.market === market;
  const lines = reading.lines.filter(fits);
  const quantiles = reading.quantiles.filter(fits);
  if (quantiles.length === 0)
    return (
      <Empty title="Nothing to judge yet">
        Probabilities are judged by graded forecasts, and none is graded yet.
      </Empty>
    );
  const published = lines.find(
    ({ system_id, believer }) => system_id === 'ridge' && believer === 'published',
  );
  const champion = quantiles.find(({ system_id }) => system_id === 'ridge');
  return (
    <>
      <p class="lead">
        A probability is right when it comes true as often as it says. Every model was trained on earlier
        dates than those it is judged by.
      </p>
      <Figures
        of={[
          [
            'In the 80 % range',
            champion === undefined ? '–' : percent(champion.below_90 - champion.below_10),
            champion === undefined ? undefined : `${champion.n.toLocaleString('en-US')} forecasts`,
          ],
          [
            'In the 50 % range',
            champion === undefined ? '–' : percent(champion.below_75 - champion.below_25),
          ],
          [
            'Brier score',
            published?.brier.toFixed(4) ?? '–',
            published === undefined
              ? 'too few decided lines'
              : `constant average forecast: ${published.climatology.toFixed(4)}`,
          ],
          [
            'Slope',
            published === undefined ? '–' : decimal(published.slope, 2),
            published === undefined
              ? undefined
              : `95 %: ${decimal(published.slope_low, 2)} to ${decimal(published.slope_high, 2)}; 1 is right`,
          ],
          [
            'Calibration error',
            published?.ece.toFixed(4) ?? '–',
            published === undefined ? undefined : `by chance ${published.floor.toFixed(4)}`,
          ],
        ]}
      />
      <div class="pair">
        <ReliabilityChart lines={lines} />
        <Pit quantiles={quantiles} />
      </div>
      <Section
        title="At the line"
        note="P(over) at the main line, pushes left out. The line alone says 50 % of every bet: a Brier score of 0.25."
      >
        {lines.length === 0 ? (
          <Empty title="Too few decided lines" />
        ) : (
          <Table
            caption="Scores of probabilities at the line"
            rows={lines}
            keyOf={(row) => nameOf(row)}
            columns={[
              { head: 'Who', cell: nameOf },
              { head: 'Lines', isNumber: true, cell: ({ n }) => n.toLocaleString('en-US') },
              { head: 'Brier', isNumber: true, cell: ({ brier }) => brier.toFixed(4) },
              { head: 'Average', isNumber: true, cell: ({ climatology }) => climatology.toFixed(4) },
              {
                head: 'Prices',
                isNumber: true,
                cell: ({ market_brier, market_n }) =>
                  market_brier === null ? (
                    <span class="soft">–</span>
                  ) : (
                    `${market_brier.toFixed(4)} (${market_n})`
                  ),
              },
              { head: 'Slope', isNumber: true, cell: ({ slope }) => decimal(slope, 2) },
              {
                head: '95 %',
                isNumber: true,
                cell: ({ slope_low, slope_high }) => `${decimal(slope_low, 2)} to ${decimal(slope_high, 2)}`,
              },
              { head: 'Error', isNumber: true, cell: ({ ece }) => ece.toFixed(4) },
              { head: 'By chance', isNumber: true, cell: ({ floor }) => floor.toFixed(4) },
            ]}
          />
        )}
      </Section>
      <Section
        title="Away from the line"
        note="How many outcomes lay below the published quantiles: as many as the quantile says, if the distributions are right."
      >
        <Table
          caption="Outcomes below the published quantiles"
          rows={quantiles}
          keyOf={({ system_id }) => system_id}
          columns={[
            { head: 'System', cell: ({ system_id }) => systemName(system_id) },
            { head: 'Forecasts', isNumber: true, cell: ({ n }) => n.toLocaleString('en-US') },
            { head: 'below 10 %', isNumber: true, cell: ({ below_10 }) => percent(below_10) },
            { head: 'below 25 %', isNumber: true, cell: ({ below_25 }) => percent(below_25) },
            { head: 'below 50 %', isNumber: true, cell: ({ below_50 }) => percent(below_50) },
            { head: 'below 75 %', isNumber: true, cell: ({ below_75 }) => percent(below_75) },
            { head: 'below 90 %', isNumber: true, cell: ({ below_90 }) => percent(below_90) },
            {
              head: 'in 80 %',
              isNumber: true,
              cell: ({ below_90, below_10 }) => percent(below_90 - below_10),
            },
            {
              head: 'in 50 %',
              isNumber: true,
              cell: ({ below_75, below_25 }) => percent(below_75 - below_25),
            },
          ]}
        />
      </Section>
      {published !== undefined && (
        <Section title="Bins of the curve">
          <Table
            caption="What was claimed and what came true"
            rows={published.bins}
            keyOf={({ claimed }) => claimed.toFixed(4)}
            columns={[
              { head: 'Claimed', cell: ({ claimed }) => percent(claimed) },
              { head: 'Went over', isNumber: true, cell: ({ share }) => percent(share) },
              {
                head: '95 %',
                isNumber: true,
                cell: ({ low, high }) => `${(100 * low).toFixed(1)}–${(100 * high).toFixed(1)}`,
              },
              { head: 'Lines', isNumber: true, cell: ({ n }) => n },
            ]}
          />
        </Section>
      )}
    </>
  );
}

const COLOURS: Readonly<Record<string, string>> = { published: 'var(--over)', model_alone: 'var(--under)' };

function ReliabilityChart({ lines }: { readonly lines: readonly Reliability[] }): JSX.Element {
  const draw = useCallback(
    (width: number) => {
      const bins = lines
        .filter(({ system_id }) => system_id === 'ridge')
        .flatMap(({ believer, bins: own }) =>
          own.filter(({ n }) => n >= 10).map((bin) => ({ ...bin, believer })),
        );
      return Plot.plot({
        width,
        height: Math.min(400, width),
        marginLeft: 46,
        marginTop: 30,
        marginBottom: 40,
        x: {
          label: 'Claimed P(over)',
          tickFormat: (p: number) => `${Math.round(100 * p)} %`,
          domain: [0.2, 0.8],
          clamp: true,
          ticks: 6,
        },
        y: {
          label: 'Went over',
          tickFormat: (p: number) => `${Math.round(100 * p)} %`,
          domain: [0, 1],
          grid: true,
          ticks: 5,
        },
        marks: [
          Plot.link([{ from: 0.2, upTo: 0.8 }], {
            x1: 'from',
            y1: 'from',
            x2: 'upTo',
            y2: 'upTo',
            stroke: 'var(--soft)',
            strokeDasharray: '4 3',
          }),
          Plot.ruleX(bins, {
            x: 'claimed',
            y1: 'low',
            y2: 'high',
            stroke: ({ believer }) => COLOURS[believer],
            strokeOpacity: 0.6,
          }),
          Plot.line(bins, {
            x: 'claimed',
            y: 'share',
            z: 'believer',
            stroke: ({ believer }) => COLOURS[believer],
            strokeWidth: 1.5,
          }),
          Plot.dot(bins, {
            x: 'claimed',
            y: 'share',
            r: ({ n }) => Math.sqrt(n),
            fill: ({ believer }) => COLOURS[believer],
            stroke: 'var(--card)',
          }),
        ],
        r: { range: [2.5, 8] },
      });
    },
    [lines],
  );
  return (
    <Section title="Reliability at the line">
      <p class="legend">
        <span class="key dot-over">as published</span>
        <span class="key dot-under">model alone</span>
        <span class="key dashed">right</span>
      </p>
      {lines.length === 0 ? (
        <Empty title="Too few decided lines">A curve needs twenty.</Empty>
      ) : (
        <Chart
          draw={draw}
          description="Share of lines that went over, by the probability claimed, with 95 % intervals. The table of bins has the numbers."
        />
      )}
    </Section>
  );
}

const BANDS = ['0–10', '10–25', '25–50', '50–75', '75–90', '90–100'] as const;
const EXPECTED = [0.1, 0.15, 0.25, 0.25, 0.15, 0.1] as const;

/** Shares of outcomes between the published quantiles. */
function bandsOf({ below_10, below_25, below_50, below_75, below_90 }: QuantileCoverage): number[] {
  const cumulative = [0, below_10, below_25, below_50, below_75, below_90, 1];
  return BANDS.map((_, i) => (cumulative[i + 1] ?? 1) - (cumulative[i] ?? 0));
}

/** Systems drawn: the champion, and the baseline in markets where it was published too (those with lines). */
const DRAWN = ['ridge', 'ewma8'] as const;

function Pit({ quantiles }: { readonly quantiles: readonly QuantileCoverage[] }): JSX.Element {
  const drawn = DRAWN.filter((id) => quantiles.some(({ system_id }) => system_id === id));
  const draw = useCallback(
    (width: number) => {
      const bars = quantiles
        .filter(({ system_id }) => drawn.some((id) => id === system_id))
        .flatMap((row) =>
          bandsOf(row).map((share, i) => ({
            band: BANDS[i] ?? '',
            system: row.system_id,
            ratio: share / (EXPECTED[i] ?? 1),
          })),
        );
      return Plot.plot({
        width,
        height: Math.min(400, width),
        marginLeft: 46,
        marginTop: 30,
        marginBottom: 40,
        fx: { label: 'Between the quantiles, in %', domain: BANDS, padding: 0.15 },
        x: { axis: null, domain: drawn },
        y: {
          label: 'Outcomes against expected',
          grid: true,
          domain: [0, Math.max(1.3, ...bars.map(({ ratio }) => ratio))],
          nice: true,
          tickFormat: (r: number) => `${r.toFixed(1)}×`,
        },
        marks: [
          Plot.barY(bars, {
            fx: 'band',
            x: 'system',
            y: 'ratio',
            fill: ({ system }) => (system === 'ridge' ? 'var(--over)' : 'var(--mass)'),
          }),
          Plot.ruleY([1], { stroke: 'var(--ink)', strokeDasharray: '4 3' }),
        ],
      });
    },
    [quantiles, drawn],
  );
  return (
    <Section title="Where outcomes fell">
      <p class="legend">
        {drawn.includes('ridge') && <span class="key bar-over">model</span>}
        {drawn.includes('ewma8') && <span class="key band">recent form</span>}
        <span class="key dashed">right</span>
      </p>
      <Chart
        draw={draw}
        description="Probability integral transform in six bands between the published quantiles, against the share expected. The table has the numbers."
      />
    </Section>
  );
}
