import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { LineageNode, LineageReading } from '#app/reading/operations.ts';
import { useDocument } from '#app/site/browser/data.ts';
import { Section, Table, Tag, Waiting } from '#app/site/browser/parts.tsx';
import { count, when } from '#core/format.ts';

const BOX = { width: 236, height: 52, gapX: 24, gapY: 40 } as const;

/** The declared pipeline, each part with its last run. */
export function LineagePage(): JSX.Element {
  const loaded = useDocument('lineage');
  return (
    <>
      <header class="page-head">
        <h1>Lineage</h1>
      </header>
      {loaded.state === 'here' ? <Lineage reading={loaded.document} /> : <Waiting of={loaded} />}
    </>
  );
}

function Lineage({ reading: { nodes, tables } }: { readonly reading: LineageReading }): JSX.Element {
  const [chosen, setChosen] = useState<string | null>(null);
  return (
    <>
      <p class="lead">
        {count(nodes.length, 'part')}, {count(tables.length, 'table')}. Drawn from the declarations that run
        it: choose a part to see what it reads and what reads it.
      </p>
      <Graph nodes={nodes} chosen={chosen} onChoose={(name) => setChosen(name === chosen ? null : name)} />
      <Section title="Parts">
        <Table
          caption="Parts of the pipeline with their last run"
          rows={nodes}
          keyOf={({ name }) => name}
          columns={[
            { head: 'Phase', className: 'keep', cell: ({ phase }) => phase },
            { head: 'Part', cell: ({ name }) => <strong>{name}</strong> },
            { head: 'Reads', cell: ({ reads, others }) => <Names names={[...others, ...reads]} /> },
            { head: 'Writes', cell: ({ writes }) => <Names names={writes} /> },
            {
              head: 'Last run',
              className: 'keep',
              cell: ({ last }) =>
                last === null ? (
                  <span class="soft">never</span>
                ) : (
                  <>
                    <Verdict verdict={last.verdict} /> {when(last.at)}
                    <span class="sub">
                      {`${last.rows.toLocaleString('en-US')} rows · `}
                      {last.from === null || last.to === NO_END
                        ? ''
                        : last.from === last.to
                          ? last.from
                          : `${last.from} to ${last.to}`}{' '}
                      {last.reason}
                    </span>
                  </>
                ),
            },
          ]}
        />
      </Section>
      <Section title="Tables">
        <Table
          caption="Tables of the pipeline"
          rows={tables}
          keyOf={({ id }) => id}
          columns={[
            { head: 'Table', cell: ({ id }) => <code class="name">{id}</code> },
            { head: 'What', cell: ({ description }) => description },
            { head: 'Columns', isNumber: true, cell: ({ columns }) => columns },
          ]}
        />
      </Section>
    </>
  );
}

function Names({ names }: { readonly names: readonly string[] }): JSX.Element {
  return (
    <>
      {names.map((name) => (
        <code key={name} class="name" title={name}>
          {name.replace(/^nba_\w+\./, '')}
        </code>
      ))}
    </>
  );
}

function Verdict({ verdict }: { readonly verdict: string }): JSX.Element {
  const tone =
    verdict === 'failed' || verdict === 'withdrawn'
      ? 'bad'
      : verdict === 'held'
        ? 'attention'
        : verdict === 'empty'
          ? 'idle'
          : 'good';
  return <Tag tone={tone}>{verdict}</Tag>;
}

/** Stands for the end of an open range. */
const NO_END = '9999-12-31';

interface Placed {
  readonly node: LineageNode;
  readonly x: number;
  readonly y: number;
}

/** Lays out nodes in rows by the length of the longest path to them, and the edges between them. */
function layout(nodes: readonly LineageNode[]) {
  const before = (node: LineageNode): LineageNode[] =>
    nodes.filter(
      (other) =>
        other !== node &&
        other.phase <= node.phase &&
        other.writes.some((table) => node.reads.includes(table)),
    );
  const depths = new Map<string, number>();
  const depthOf = (node: LineageNode): number => {
    const known = depths.get(node.name);
    if (known !== undefined) return known;
    depths.set(node.name, 0);
    const own =
      before(node).length === 0 && node.phase >= '3'
        ? nodes.filter(({ phase }) => phase < node.phase)
        : before(node);
    const depth = own.reduce((most, other) => Math.max(most, depthOf(other) + 1), 0);
    depths.set(node.name, depth);
    return depth;
  };
  const rows = Map.groupBy(nodes, depthOf);
  const depthsInOrder = [...rows.keys()].sort((a, b) => a - b);
  const widest = Math.max(...[...rows.values()].map((row) => row.length));
  const width = widest * (BOX.width + BOX.gapX) - BOX.gapX;
  const placed: Placed[] = depthsInOrder.flatMap((depth, i) => {
    const row = rows.get(depth) ?? [];
    const left = (width - row.length * (BOX.width + BOX.gapX) + BOX.gapX) / 2;
    return row.map((node, j) => ({
      node,
      x: left + j * (BOX.width + BOX.gapX),
      y: i * (BOX.height + BOX.gapY),
    }));
  });
  const at = new Map(placed.map((one) => [one.node.name, one]));
  const edges = placed.flatMap((target) =>
    before(target.node).flatMap((source) => {
      const from = at.get(source.name);
      return from === undefined ? [] : [{ from, to: target }];
    }),
  );
  return { placed, edges, width, height: Math.max(...placed.map(({ y }) => y)) + BOX.height };
}

function Graph({
  nodes,
  chosen,
  onChoose,
}: {
  readonly nodes: readonly LineageNode[];
  readonly chosen: string | null;
  readonly onChoose: (name: string) => void;
}): JSX.Element {
  const { placed, edges, width, height } = layout(nodes);
  const near = new Set(
    edges.flatMap(({ from, to }) =>
      from.node.name === chosen || to.node.name === chosen ? [from.node.name, to.node.name] : [],
    ),
  );
  const view = useRef<HTMLElement>(null);
  useEffect(() => {
    // Where the graph does not fit, scroll to its middle, where the first part is.
    if (view.current !== null)
      view.current.scrollLeft = (view.current.scrollWidth - view.current.clientWidth) / 2;
  }, []);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <section ref={view} class="scroll graph" tabIndex={0} aria-label="The pipeline as a graph">
      <div class="graph-area" style={{ width: `${width}px`, height: `${height}px` }}>
        <svg width={width} height={height} aria-hidden="true" focusable="false">
          {edges.map(({ from, to }) => {
            const [x1, y1, x2, y2] = [
              from.x + BOX.width / 2,
              from.y + BOX.height,
              to.x + BOX.width / 2,
              to.y,
            ];
            const isNear = from.node.name === chosen || to.node.name === chosen;
            return (
              <path
                key={`${from.node.name} ${to.node.name}`}
                class={chosen === null ? 'edge' : isNear ? 'edge near' : 'edge far'}
                d={`M${x1} ${y1}C${x1} ${y1 + BOX.gapY} ${x2} ${y2 - BOX.gapY} ${x2} ${y2}`}
              />
            );
          })}
        </svg>
        {placed.map(({ node, x, y }) => (
          <button
            key={node.name}
            type="button"
            class={`node ${chosen !== null && chosen !== node.name && !near.has(node.name) ? 'far' : ''}`}
            aria-pressed={chosen === node.name}
            style={{ left: `${x}px`, top: `${y}px`, width: `${BOX.width}px`, height: `${BOX.height}px` }}
            onClick={() => onChoose(node.name)}
          >
            <span class={`state ${node.last === null ? 'idle' : node.last.verdict}`} aria-hidden="true" />
            <strong>{node.name}</strong>
            <span class="sub">
              {node.last === null
                ? 'never ran'
                : `${node.last.rows.toLocaleString('en-US')} rows · ${when(node.last.at).slice(5, 16)}`}
            </span>
          </button>
        ))}
      </div>
    </section>
  );
}
