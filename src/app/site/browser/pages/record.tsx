import * as Plot from '@observablehq/plot';
import type { JSX } from 'preact';
import { useCallback } from 'preact/hooks';
import { useDocument } from '#app/site/browser/data.ts';
import { Chart, Choice, Empty, Figures, Money, Section, Table, Waiting } from '#app/site/browser/parts.tsx';
import { choose } from '#app/site/browser/route.ts';
import { marketLabel, mondayOf, monthName, signed, systemName } from '#app/site/browser/words.ts';
import type { RecordReading } from '#app/site/documents.ts';
import { count, percent } from '#core/format.ts';
import { MARKETS } from '#core/markets.ts';
import { impliedProbability, STANDARD_PRICE } from '#core/odds.ts';
import type { RecordRow } from '#pipeline/grade/record.ts';

const BREAK_EVEN = impliedProbability(STANDARD_PRICE);

/** Wins, losses and profit of forecasts visible before tip-off. */
export function RecordPage({ query }: { readonly query: URLSearchParams }): JSX.Element {
  const loaded = useDocument('record');
  return (
    <>
      <header class="page-head">
        <h1>Record</h1>
        {loaded.state === 'here' && <Choices rows={loaded.document.rows} query={query} />}
      </header>
      {loaded.state === 'here' ? (
        <Records reading={loaded.document} query={query} />
      ) : (
        <Waiting of={loaded} />
      )}
    </>
  );
}

/** Rows that can be filtered by record class and market. */
type Choosable = Pick<RecordRow, 'record_class' | 'market'>;

/** The reader's choice, or the default: the live record rather than backfills, the first market. */
export function chosenOf(rows: readonly Choosable[], query: URLSearchParams) {
  const classes = [...new Set(rows.map(({ record_class }) => record_class))].sort().reverse();
  const recordClass = query.get('class') ?? classes[0] ?? 'live';
  const markets = MARKETS.filter(({ id }) =>
    rows.some((row) => row.record_class === recordClass && row.market === id),
  );
  const market = query.get('market') ?? markets[0]?.id ?? 'points';
  return { classes, recordClass, markets, market };
}

/** Controls for record class and market. */
export function Choices({
  rows,
  query,
}: {
  readonly rows: readonly Choosable[];
  readonly query: URLSearchParams;
}): JSX.Element | null {
  const { classes, recordClass, markets, market } = chosenOf(rows, query);
  if (rows.length === 0) return null;
  return (
    <div class="filters">
      <Choice
        label="Record"
        value={recordClass}
        options={classes.map((id) => [id, id === 'live' ? 'live' : 'backfill, not live'])}
        onChange={(value) => choose('class', value)}
      />
      <Choice
        label="Market"
        value={market}
        options={markets.map(({ id }) => [id, marketLabel(id)])}
        onChange={(value) => choose('market', value)}
      />
    </div>
  );
}

function Records({
  reading: { rows, coverage },
  query,
}: {
  readonly reading: RecordReading;
  readonly query: URLSearchParams;
}): JSX.Element {
  const { recordClass, market } = chosenOf(rows, query);
  const covered = coverage.find(({ record_class }) => record_class === recordClass);
  if (rows.length === 0) {
    return (
      <Empty title="Nothing is graded yet">
        A forecast is graded when the box score of its game is there:{' '}
        <code>npx tipoff grade &lt;slate&gt;</code>.
      </Empty>
    );
  }
  const own = rows.filter((row) => row.record_class === recordClass && row.market === market);
  const season = own.filter(({ kind }) => kind === 'season');
  const champion = season.find(({ system_id }) => system_id === 'ridge');
  const months = own.filter(({ kind, system_id }) => kind === 'month' && system_id === 'ridge');
  const weeks = own.filter(({ kind, system_id }) => kind === 'week' && system_id === 'ridge');
  return (
    <>
      <p class="lead">
        {recordClass === 'live'
          ? 'Only what was visible before tip-off counts; the last version of each forecast.'
          : 'Made afterwards from what was known then, never shown before a tip-off: evidence about the model, not a record.'}
        {covered !== undefined &&
          ` ${covered.graded.toLocaleString('en-US')} of ${covered.gradable.toLocaleString('en-US')} gradable forecasts are graded.`}
      </p>
      {champion !== undefined && (
        <Figures
          of={[
            [
              'Picks',
              `${champion.picks.wins}–${champion.picks.losses}`,
              `${champion.picks.pushes} push, ${champion.picks.voids} void`,
            ],
            ['Hit rate', rate(champion.picks), intervalText(champion.picks.interval)],
            ['Units', <Money key="m" value={champion.picks.profit} />, 'at the prices shown'],
            [
              'Every side',
              `${champion.all_sides.wins}–${champion.all_sides.losses}`,
              'picks or not, on main lines',
            ],
            [
              'Mean error',
              champion.errors.mae?.toFixed(2) ?? '–',
              champion.errors.bias === null ? undefined : `bias ${signed(champion.errors.bias, 2)}`,
            ],
          ]}
        />
      )}
      <ByMonth months={months} />
      <Profit weeks={weeks} />
      <Section
        title="By system"
        note="Picks may be on a second line; sides are those on the main line, picks or not. Only the model makes picks."
      >
        <PeriodTable
          rows={season}
          head="System"
          nameOf={(row) => systemName(row.system_id)}
          caption="Record of the season by system"
        />
      </Section>
      <Section title="By month">
        <PeriodTable
          rows={months.toReversed()}
          head="Month"
          nameOf={(row) => monthName(row.period)}
          caption="Record of the model by month"
        />
      </Section>
      <Section title="Every market">
        <PeriodTable
          rows={MARKETS.flatMap(({ id }) =>
            rows.filter(
              (row) =>
                row.market === id &&
                row.record_class === recordClass &&
                row.kind === 'season' &&
                row.system_id === 'ridge',
            ),
          )}
          head="Market"
          nameOf={(row) => marketLabel(row.market)}
          caption="Record of the model by market"
        />
      </Section>
    </>
  );
}

/** Share of wins among decided bets. */
function rate({ hit_rate }: RecordRow['picks']): string {
  return hit_rate === null ? '–' : percent(hit_rate);
}

function intervalText(interval: RecordRow['picks']['interval']): string {
  return interval === null
    ? 'nothing decided'
    : `95 %: ${percent(interval.low)} to ${percent(interval.high)}`;
}

/** Wins and losses; a dash where there was no bet. */
function balance({ wins, losses, decided }: RecordRow['picks']): string | JSX.Element {
  return decided === 0 ? <span class="soft">–</span> : `${wins}–${losses}`;
}

function unitsOf({ decided, profit }: RecordRow['picks']): number | null {
  return decided === 0 ? null : profit;
}

function PeriodTable({
  rows,
  head,
  nameOf,
  caption,
}: {
  readonly rows: readonly RecordRow[];
  readonly head: string;
  readonly nameOf: (row: RecordRow) => string;
  readonly caption: string;
}): JSX.Element {
  if (rows.length === 0) return <Empty title="Nothing graded" />;
  return (
    <Table
      caption={caption}
      rows={rows}
      keyOf={(row) => `${row.market} ${row.system_id} ${row.period}`}
      columns={[
        { head, cell: nameOf },
        { head: 'Picks', isNumber: true, cell: ({ picks }) => balance(picks) },
        { head: 'Hit rate', isNumber: true, cell: ({ picks }) => rate(picks) },
        {
          head: '95 % interval',
          isNumber: true,
          cell: ({ picks: { interval } }) =>
            interval === null ? (
              <span class="soft">–</span>
            ) : (
              `${(100 * interval.low).toFixed(1)}–${(100 * interval.high).toFixed(1)}`
            ),
        },
        { head: 'Push', isNumber: true, cell: ({ picks }) => picks.pushes },
        { head: 'Void', isNumber: true, cell: ({ picks }) => picks.voids },
        { head: 'Units', isNumber: true, cell: ({ picks }) => <Money value={unitsOf(picks)} /> },
        { head: 'Sides', isNumber: true, cell: ({ all_sides }) => balance(all_sides) },
        { head: 'Sides’ rate', isNumber: true, cell: ({ all_sides }) => rate(all_sides) },
        {
          head: 'Sides’ units',
          isNumber: true,
          cell: ({ all_sides }) => <Money value={unitsOf(all_sides)} />,
        },
        { head: 'Forecasts', isNumber: true, cell: ({ errors }) => errors.rows.toLocaleString('en-US') },
        { head: 'MAE', isNumber: true, cell: ({ errors }) => errors.mae?.toFixed(3) ?? '–' },
        {
          head: 'Bias',
          isNumber: true,
          cell: ({ errors }) => (errors.bias === null ? '–' : signed(errors.bias, 3)),
        },
      ]}
    />
  );
}

function ByMonth({ months }: { readonly months: readonly RecordRow[] }): JSX.Element | null {
  const draw = useCallback(
    (width: number) => {
      const rows = months
        .filter(({ picks }) => picks.decided > 0)
        .map(({ period, picks }) => ({
          month: period,
          rate: picks.hit_rate ?? 0,
          low: picks.interval?.low ?? 0,
          high: picks.interval?.high ?? 1,
        }));
      return Plot.plot({
        width,
        height: 230,
        marginLeft: 44,
        marginTop: 30,
        x: {
          type: 'point',
          label: null,
          padding: 0.6,
          tickFormat: (month: string) => (width < 500 ? month.slice(5) : monthName(month)),
        },
        y: {
          label: 'Hit rate of picks',
          tickFormat: (p: number) => `${Math.round(100 * p)} %`,
          grid: true,
          nice: true,
          ticks: 5,
        },
        marks: [
          Plot.ruleY([BREAK_EVEN], { stroke: 'var(--ink)', strokeDasharray: '4 3' }),
          Plot.ruleX(rows, { x: 'month', y1: 'low', y2: 'high', stroke: 'var(--under)', strokeWidth: 2 }),
          Plot.dot(rows, { x: 'month', y: 'rate', r: 5, fill: 'var(--under)', stroke: 'var(--card)' }),
        ],
      });
    },
    [months],
  );
  if (!months.some(({ picks }) => picks.decided > 0)) return null;
  return (
    <Section title="Hit rate by month">
      <Chart
        draw={draw}
        description={`Hit rate of the picks in ${count(months.length, 'month')} with Wilson's 95 % intervals, beside the ${percent(BREAK_EVEN)} at which a price of −110 breaks even.`}
        caption={`With Wilson’s 95 % intervals; dashed: ${percent(BREAK_EVEN)}, where −110 breaks even.`}
      />
    </Section>
  );
}

function Profit({ weeks }: { readonly weeks: readonly RecordRow[] }): JSX.Element | null {
  const draw = useCallback(
    (width: number) => {
      const sums = { picks: 0, sides: 0 };
      const points = weeks.flatMap(({ period, picks, all_sides }) => {
        sums.picks += picks.profit;
        sums.sides += all_sides.profit;
        return [
          { week: period, of: 'picks', units: sums.picks },
          { week: period, of: 'every side', units: sums.sides },
        ];
      });
      return Plot.plot({
        width,
        height: 250,
        marginLeft: 44,
        marginTop: 30,
        marginRight: 70,
        x: {
          type: 'point',
          label: null,
          tickFormat: mondayOf,
          ticks: [...new Set(points.map(({ week }) => week))].filter(
            (_, i, all) => i % Math.ceil((all.length * 80) / (width - 114)) === 0,
          ),
        },
        y: { label: 'Units', grid: true, nice: true },
        marks: [
          Plot.ruleY([0], { stroke: 'var(--soft)' }),
          Plot.lineY(points, {
            x: 'week',
            y: 'units',
            z: 'of',
            stroke: ({ of }) => (of === 'picks' ? 'var(--over)' : 'var(--under)'),
            strokeWidth: 2,
            curve: 'step-after',
          }),
          Plot.text(
            points,
            Plot.selectLast({
              x: 'week',
              y: 'units',
              z: 'of',
              text: 'of',
              textAnchor: 'start',
              dx: 6,
              stroke: 'var(--paper)',
              strokeWidth: 5,
              fill: ({ of }: { of: string }) => (of === 'picks' ? 'var(--over)' : 'var(--under)'),
            }),
          ),
        ],
      });
    },
    [weeks],
  );
  const isDecided = weeks.some(({ picks, all_sides }) => picks.decided + all_sides.decided > 0);
  if (weeks.length < 2 || !isDecided) return null;
  const total = weeks.reduce((sum, { picks }) => sum + picks.profit, 0);
  return (
    <Section title="Units, week by week">
      <Chart
        draw={draw}
        description={`Cumulative profit over ${count(weeks.length, 'week')}: ${total.toFixed(2)} units with one unit on every pick.`}
        caption="One unit on each, at the price that was shown, −110 where the source has none."
      />
    </Section>
  );
}
