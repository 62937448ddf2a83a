import { escapeHtml } from '#platform/report/escape.ts';

/** One line of a chart; null leaves a gap. */
export interface Series {
  readonly name: string;
  /** Class that gives the colour of the theme. */
  readonly style: 'first' | 'second';
  readonly values: readonly (number | null)[];
}

export interface Chart {
  readonly id: string;
  readonly title: string;
  /** What is shown, for those who cannot see it. */
  readonly description: string;
  /** One label per point, dates in ISO form. */
  readonly labels: readonly string[];
  /** At most two. */
  readonly series: readonly Series[];
  /** Least value of the axis; the greatest is 100 percent. */
  readonly low: number;
}

const WIDTH = 560;
const HEIGHT = 220;
const LEFT = 72;
const RIGHT = 16;
const TOP = 14;
const BOTTOM = 32;
const TICKS = 4;
const SHOWN_LABELS = 5;

/** A line chart of percentages as inline SVG that takes its colours from the page. Every point tells its value on hover. */
export function lineChart(chart: Chart): string {
  const { id, labels, series, low } = chart;
  const x = (i: number): number =>
    round(LEFT + (labels.length < 2 ? 0.5 : i / (labels.length - 1)) * (WIDTH - LEFT - RIGHT));
  const y = (value: number): number =>
    round(TOP + ((100 - clamp(value, low)) / (100 - low)) * (HEIGHT - TOP - BOTTOM));
  const ticks = Array.from({ length: TICKS + 1 }, (_, i) => low + (i / TICKS) * (100 - low));
  const every = Math.max(1, Math.ceil(labels.length / SHOWN_LABELS));
  const shown = labels.flatMap((label, i) => ((labels.length - 1 - i) % every === 0 ? [{ label, i }] : []));
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${id}-title ${id}-text">`,
    `<title id="${id}-title">${escapeHtml(chart.title)}</title><desc id="${id}-text">${escapeHtml(chart.description)}</desc>`,
    ...ticks.map(
      (tick) =>
        `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(tick)}" y2="${y(tick)}"/><text class="axis" x="${LEFT - 8}" y="${y(tick) + 4}" text-anchor="end">${round(tick)} %</text>`,
    ),
    ...shown.map(
      ({ label, i }) =>
        `<text class="axis" x="${x(i)}" y="${HEIGHT - 8}" text-anchor="${i === labels.length - 1 ? 'end' : 'middle'}">${escapeHtml(label.slice(5))}</text>`,
    ),
    ...series.map(({ style, values }) => `<path class="line ${style}" d="${path(values, x, y)}"/>`),
    ...series.flatMap(({ name, style, values }) =>
      values.map((value, i) =>
        value === null
          ? ''
          : `<circle class="point ${style}" cx="${x(i)}" cy="${y(value)}" r="3.2"><title>${escapeHtml(`${labels[i] ?? ''} ${name}: ${value.toFixed(1)} %`)}</title></circle>`,
      ),
    ),
    '</svg>',
  ].join('\n');
}

/** A path that breaks where there is no value. */
function path(
  values: readonly (number | null)[],
  x: (i: number) => number,
  y: (value: number) => number,
): string {
  let pen = 'M';
  const parts: string[] = [];
  for (const [i, value] of values.entries()) {
    if (value === null) pen = 'M';
    else {
      parts.push(`${pen}${x(i)} ${y(value)}`);
      pen = 'L';
    }
  }
  return parts.join('');
}

/** The least value of an axis: the next lower multiple of twenty below everything shown, at most 80. */
export function axisFrom(values: readonly (number | null)[]): number {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? 0 : Math.max(0, Math.min(80, Math.floor((Math.min(...known) - 1) / 20) * 20));
}

function clamp(value: number, low: number): number {
  return Math.max(low, Math.min(100, value));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
