import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Loaded } from './data.ts';
import { massesOf, type PublishedQuantiles } from './density.ts';

/** Shown in place of a document that is loading or missing. */
export function Waiting({ of }: { readonly of: Loaded<unknown> }): JSX.Element {
  return of.state === 'missing' ? (
    <Empty title="Nothing here">This site has no such document.</Empty>
  ) : (
    <p class="waiting" role="status">
      Loading …
    </p>
  );
}

/** An empty state, and its reason. */
export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children !== undefined && <p>{children}</p>}
    </div>
  );
}

/** A labelled part of a page. */
export function Section({
  title,
  note,
  children,
  wide,
}: {
  readonly title: string;
  readonly note?: ComponentChildren;
  readonly children: ComponentChildren;
  readonly wide?: boolean;
}): JSX.Element {
  const id = `s-${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`;
  return (
    <section aria-labelledby={id} class={wide === true ? 'wide' : undefined}>
      <h2 id={id}>{title}</h2>
      {note !== undefined && <p class="note">{note}</p>}
      {children}
    </section>
  );
}

export type Tone = 'over' | 'under' | 'good' | 'attention' | 'bad' | 'idle';

export function Tag({
  tone,
  children,
}: {
  readonly tone: Tone;
  readonly children: ComponentChildren;
}): JSX.Element {
  return <span class={`tag ${tone}`}>{children}</span>;
}

/** Labelled figures, side by side. */
export function Figures({
  of,
}: {
  readonly of: readonly (readonly [name: string, value: ComponentChildren, note?: ComponentChildren])[];
}): JSX.Element {
  return (
    <dl class="figures">
      {of.map(([name, value, note]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {value}
            {note !== undefined && <span class="figure-note">{note}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** A table column: its head, its cell, and whether it holds numbers. */
export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => ComponentChildren;
  readonly isNumber?: boolean;
  readonly className?: string;
}

/** A table that scrolls horizontally when too wide, also by keyboard. */
export function Table<Row>({
  caption,
  columns,
  rows,
  keyOf,
  limit,
}: {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row, i: number) => string;
  /** Rows shown initially. */
  readonly limit?: number;
}): JSX.Element {
  const [isWhole, setWhole] = useState(false);
  const shown = limit === undefined || isWhole ? rows : rows.slice(0, limit);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
      <section class="scroll" tabIndex={0} aria-label={caption}>
        <table>
          <caption class="unseen">{caption}</caption>
          <thead>
            <tr>
              {columns.map(({ head, isNumber }) => (
                <th key={head} scope="col" class={isNumber === true ? 'n' : undefined}>
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row, i) => (
              <tr key={keyOf(row, i)}>
                {columns.map(({ head, cell, isNumber, className }) => (
                  <td
                    key={head}
                    class={[isNumber === true ? 'n' : '', className ?? ''].join(' ').trim() || undefined}
                  >
                    {cell(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {shown.length < rows.length && (
        <button type="button" class="more" onClick={() => setWhole(true)}>
          Show all {rows.length}
        </button>
      )}
    </>
  );
}

/** A choice of one among several values. */
export function Choice({
  label,
  value,
  options,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, label: string])[];
  readonly onChange: (value: string) => void;
}): JSX.Element {
  return (
    <label class="choice">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map(([id, name]) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/**
 * A chart, redrawn when its width or the theme changes. `description` is for screen readers; a table nearby
 * has the numbers.
 */
export function Chart({
  draw,
  description,
  caption,
}: {
  readonly draw: (width: number) => Element;
  readonly description: string;
  readonly caption?: ComponentChildren;
}): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const watch = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    if (width > 0) place.current?.replaceChildren(hidden(draw(width)));
  }, [draw, width]);
  return (
    <figure class="chart">
      <div ref={place} role="img" aria-label={description} />
      {caption !== undefined && <figcaption>{caption}</figcaption>}
    </figure>
  );
}

/** Hides the parts of a drawing from screen readers, which read its label instead. */
function hidden(drawing: Element): Element {
  for (const svg of drawing.matches('svg') ? [drawing] : drawing.querySelectorAll('svg'))
    svg.setAttribute('aria-hidden', 'true');
  return drawing;
}

const SPARK = { width: 132, height: 34 };

/** A distribution as columns, those above the line coloured, with line and median marked. */
export function Spark({
  row,
  most,
}: {
  readonly row: PublishedQuantiles;
  /** Largest outcome on the scale, shared by the rows of a table. */
  readonly most: number;
}): JSX.Element {
  const masses = massesOf(row).filter(({ k }) => k <= most);
  const highest = Math.max(...masses.map(({ p }) => p), 1e-9);
  const step = SPARK.width / (most + 1);
  const line = row.line === null ? null : Number(row.line);
  const column = (k: number, p: number): string => {
    const height = ((SPARK.height - 2) * p) / highest;
    return `M${(k * step).toFixed(2)} ${SPARK.height}v${(-height).toFixed(2)}h${Math.max(step - 0.4, step * 0.8).toFixed(2)}v${height.toFixed(2)}z`;
  };
  const path = (isOver: boolean): string =>
    masses
      .filter(({ k }) => (line !== null && k > line) === isOver)
      .map(({ k, p }) => column(k, p))
      .join('');
  const x = (value: number): number => (value + 0.5) * step;
  return (
    <svg class="spark" viewBox={`0 0 ${SPARK.width} ${SPARK.height}`} aria-hidden="true" focusable="false">
      <path class={line === null ? 'mass' : 'mass-under'} d={path(false)} />
      <path class="mass-over" d={path(true)} />
      {line !== null && <line class="line" x1={x(line)} x2={x(line)} y1={0} y2={SPARK.height} />}
    </svg>
  );
}

/** Units won or lost, coloured by sign. */
export function Money({ value }: { readonly value: number | null }): JSX.Element {
  if (value === null) return <span class="soft">–</span>;
  const text = Math.abs(value).toFixed(2);
  return (
    <span class={value > 0 ? 'good' : value < 0 ? 'bad' : undefined}>
      {value < 0 ? '−' : value > 0 ? '+' : ''}
      {text}
    </span>
  );
}
