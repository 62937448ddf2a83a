import * as Plot from '@observablehq/plot';
import type { JSX } from 'preact';
import { useCallback } from 'preact/hooks';
import { type Packed, unpack } from '#app/reading/packed.ts';
import type { SlateForecast } from '#app/reading/slate.ts';
import { useDocument } from '#app/site/browser/data.ts';
import { Chart, Empty, Section, Table, Tag, Waiting } from '#app/site/browser/parts.tsx';
import { marketLabel, signed } from '#app/site/browser/words.ts';
import { FEATURE_SOURCES, FEATURES, type FeatureSource } from '#core/features.ts';
import {
  type Contribution,
  contributions,
  groupEffects,
  type LinearParts,
  meanOf,
  recordRatio,
} from '#model/contributions.ts';

/** A feature for display: its name, its value, and the letter of the value's source. */
interface Explaining {
  readonly name: string;
  readonly value: number | null;
  readonly source: string;
}

/** The parts of the forecast: the terms of the model's sum, or only the features when the model is unavailable. */
export function Parts({
  slate,
  row,
  model,
}: {
  readonly slate: string;
  readonly row: SlateForecast;
  readonly model: string;
}): JSX.Element {
  const features = useDocument(`features/${slate}`);
  const loaded = useDocument(`models/${model}`);
  if (features.state === 'loading' || loaded.state === 'loading')
    return (
      <Section title="What it was made from">
        <Waiting of={features.state === 'loading' ? features : loaded} />
      </Section>
    );
  const own = features.state === 'here' ? featuresOf(features.document, row.player_id) : [];
  const problem = loaded.state === 'here' ? loaded.document.problem : null;
  const parts = loaded.state === 'here' ? loaded.document.markets[row.market] : undefined;
  if (parts === undefined || own.length === 0)
    return (
      <Section
        title="What it was made from"
        note={
          problem === null
            ? 'The model is not part of this site, so its sum cannot be broken down.'
            : `The model’s sum cannot be broken down: ${problem}.`
        }
      >
        <FeatureTable features={own} />
      </Section>
    );
  return <Sum row={row} features={own} parts={parts} />;
}

function Sum({
  row,
  features,
  parts,
}: {
  readonly row: SlateForecast;
  readonly features: readonly Explaining[];
  readonly parts: LinearParts;
}): JSX.Element {
  const sum = contributions(parts, Object.fromEntries(features.map(({ name, value }) => [name, value])));
  const mean = meanOf(parts, sum, row.player_id);
  const ratio = recordRatio(parts, sum, row.player_id);
  const label = marketLabel(row.market).toLowerCase();
  return (
    <>
      <Section
        title="What pushed it up and down"
        note={`An average historical row gives ${sum.average.toFixed(1)} ${label}; differences of this player and this evening are added.`}
      >
        {Math.abs(mean - row.mean) > SAME_MEAN && (
          <p class="callout attention">
            His features were computed again since the publication: it had a mean of {row.mean.toFixed(2)},
            and they come to {mean.toFixed(2)} now.
          </p>
        )}
        <Waterfall steps={waterfall(sum, mean, ratio)} label={label} />
      </Section>
      <Section
        title="What it was made from"
        note="Every column of the model, largest effect first, as known before the cut-off. A missing value counts as typical. E4, E8 and E32 are averages of his games that weight recent ones more: the smaller the number, the more."
      >
        <PartTable parts={sum.parts} features={features} label={label} />
      </Section>
    </>
  );
}

/** Tolerance for equal means; documents carry rounded values. */
const SAME_MEAN = 0.005;

/** A waterfall step between the average row and the forecast. */
interface WaterStep {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly kind: 'up' | 'down' | 'level';
}

/**
 * Waterfall steps: groups of columns by decreasing weight, each starting where the previous one ended, the player's own
 * record, then the model's mean.
 */
function waterfall(sum: ReturnType<typeof contributions>, mean: number, ratio: number): WaterStep[] {
  let at = sum.average;
  const steps: WaterStep[] = [{ name: 'an average row', from: 0, to: at, kind: 'level' }];
  const move = (name: string, effect: number): void => {
    if (Math.abs(effect) < 0.005) return;
    steps.push({ name, from: at, to: at + effect, kind: effect > 0 ? 'up' : 'down' });
    at += effect;
  };
  for (const { group, effect } of groupEffects(sum.parts)) move(group, effect);
  move('own record', at * (ratio - 1));
  move('correction', mean - at);
  return [...steps, { name: 'mean forecast', from: 0, to: mean, kind: 'level' }];
}

const STEP_COLOURS = { up: 'var(--over)', down: 'var(--under)', level: 'var(--mass)' } as const;

function Waterfall({
  steps,
  label,
}: {
  readonly steps: readonly WaterStep[];
  readonly label: string;
}): JSX.Element {
  const draw = useCallback(
    (width: number) => {
      const low = Math.min(0, ...steps.map(({ to }) => to));
      const high = Math.max(...steps.map(({ from, to: end }) => Math.max(from, end)));
      return Plot.plot({
        width,
        height: 46 + 25 * steps.length,
        marginLeft: 112,
        marginRight: 52,
        marginBottom: 36,
        x: { label, domain: [low, high], grid: true, ticks: Math.max(3, Math.round(width / 120)) },
        y: { label: null, domain: steps.map(({ name }) => name), padding: 0.28, tickSize: 0 },
        marks: [
          Plot.barX(steps, {
            x1: 'from',
            x2: 'to',
            y: 'name',
            fill: ({ kind }: WaterStep) => STEP_COLOURS[kind],
          }),
          Plot.text(steps, {
            x: ({ from, to: end }: WaterStep) => Math.max(from, end),
            y: 'name',
            text: amount,
            dx: 6,
            textAnchor: 'start',
            fill: 'var(--ink)',
          }),
          Plot.ruleX([0], { stroke: 'var(--soft)' }),
        ],
      });
    },
    [steps, label],
  );
  return (
    <Chart
      draw={draw}
      description={`From the average to the forecast: ${steps.map((step) => `${step.name} ${amount(step)}`).join(', ')}.`}
      caption="Groups of features, largest effect first. His own record is by how much earlier forecasts of him turned out too low or too high, in rare counts also his career, the correction that of all forecasts of this size."
    />
  );
}

function amount({ kind, from, to: end }: WaterStep): string {
  return kind === 'level' ? end.toFixed(2) : signed(end - from, 2);
}

function featuresOf(packed: Packed, player: number): Explaining[] {
  const own = unpack<Readonly<Record<string, number | string | null>>>(packed).find(
    ({ player_id }) => player_id === player,
  );
  if (own === undefined) return [];
  const letters = String(own['feature_sources']);
  return packed.columns.slice(2).map((name, i) => {
    const value = own[name];
    return { name, value: typeof value === 'number' ? value : null, source: letters[i] ?? 'm' };
  });
}

function descriptionOf(name: string): string | undefined {
  return FEATURES.find((feature) => feature.name === name)?.description;
}

function PartTable({
  parts,
  features,
  label,
}: {
  readonly parts: readonly Contribution[];
  readonly features: readonly Explaining[];
  readonly label: string;
}): JSX.Element {
  const letters = new Map(features.map(({ name, source }) => [name, source]));
  return (
    <Table
      caption={`What every column adds to the forecast of ${label}`}
      rows={parts}
      limit={16}
      keyOf={({ column }) => column}
      columns={[
        {
          head: 'Column',
          className: 'c-column',
          cell: ({ column, features: own }) => (
            <>
              <code>{column}</code>
              <span class="sub">{own.length === 1 ? descriptionOf(column) : 'both together'}</span>
            </>
          ),
        },
        {
          head: 'Value',
          isNumber: true,
          cell: ({ value }) =>
            value === null ? <span class="soft">missing</span> : Number(value.toFixed(2)),
        },
        {
          head: 'Typical',
          isNumber: true,
          cell: ({ typical }) => <span class="soft">{Number(typical.toFixed(2))}</span>,
        },
        {
          head: 'Adds',
          isNumber: true,
          className: 'c-adds',
          cell: ({ effect }) => (
            <span class={effect > 0 ? 'over-ink' : effect < 0 ? 'under-ink' : undefined}>
              {signed(effect, 2)}
            </span>
          ),
        },
        {
          head: 'Source',
          cell: ({ features: own }) =>
            [...new Set(own.map((name) => letters.get(name) ?? 'm'))].map((letter, i) => (
              <>
                {i > 0 && ', '}
                <Source letter={letter} />
              </>
            )),
        },
      ]}
    />
  );
}

/** Features with their values and sources. */
export function FeatureTable({ features }: { readonly features: readonly Explaining[] }): JSX.Element {
  if (features.length === 0) return <Empty title="No feature row" />;
  return (
    <Table
      caption="Features with their sources"
      rows={features}
      limit={16}
      keyOf={({ name }) => name}
      columns={[
        {
          head: 'Feature',
          cell: ({ name }) => (
            <>
              <code>{name}</code>
              <span class="sub">{descriptionOf(name)}</span>
            </>
          ),
        },
        {
          head: 'Value',
          isNumber: true,
          cell: ({ value }) => (value === null ? <span class="soft">–</span> : Number(value.toFixed(2))),
        },
        { head: 'Source', cell: ({ source }) => <Source letter={source} /> },
      ]}
    />
  );
}

function Source({ letter }: { readonly letter: string }): JSX.Element {
  const source = Object.hasOwn(FEATURE_SOURCES, letter)
    ? FEATURE_SOURCES[letter as FeatureSource]
    : undefined;
  const name = (source?.name ?? letter).replaceAll('_', ' ');
  return letter === 'd' || letter === 'm' ? (
    <Tag tone="attention">{name}</Tag>
  ) : (
    <span title={source?.meaning}>{name}</span>
  );
}
