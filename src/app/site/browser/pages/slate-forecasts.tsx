import type { JSX } from 'preact';
import type { SlateForecast, SlateGame, SlatePublication } from '#app/reading/slate.ts';
import { Choice, Empty, Section, Spark, Table } from '#app/site/browser/parts.tsx';
import { choose, to } from '#app/site/browser/route.ts';
import { chance, decided, marketLabel, odds, pickReason, result, signed } from '#app/site/browser/words.ts';
import { easternTime } from '#core/calendar.ts';
import { MARKETS } from '#core/markets.ts';

const SORTS: readonly (readonly [string, string, (a: SlateForecast, b: SlateForecast) => number])[] = [
  [
    'pick',
    'picks first, by value',
    (a, b) => Number(b.is_actionable) - Number(a.is_actionable) || value(b) - value(a),
  ],
  ['confidence', 'probability of the side', (a, b) => (b.confidence ?? 0) - (a.confidence ?? 0)],
  ['forecast', 'forecast', (a, b) => b.predicted - a.predicted],
  ['line', 'line', (a, b) => Number(b.line ?? -1) - Number(a.line ?? -1)],
  ['player', 'player', (a, b) => a.player_name.localeCompare(b.player_name)],
  ['change', 'what changed', (a, b) => moved(b) - moved(a)],
];

function edge(row: SlateForecast): number {
  return Math.abs(row.edge ?? 0);
}

/** Initial filter: picks if there are any, else players with a line, else everyone. */
function firstShown(forecasts: readonly SlateForecast[]): string {
  if (forecasts.some(({ is_actionable }) => is_actionable)) return 'picks';
  return forecasts.some(({ line }) => line !== null) ? 'lines' : 'all';
}

function value(row: SlateForecast): number {
  return row.expected_value ?? -1;
}

function moved(row: SlateForecast): number {
  return row.previous_at == null ? -1 : Math.abs(row.predicted - (row.previous_predicted ?? row.predicted));
}

/** Rows shown until the reader asks for all. */
const FIRST_ROWS = 60;

export function Forecasts({
  slate,
  games,
  forecasts,
  publications,
  query,
}: {
  readonly slate: string;
  readonly games: readonly SlateGame[];
  readonly forecasts: readonly SlateForecast[];
  readonly publications: readonly SlatePublication[];
  readonly query: URLSearchParams;
}): JSX.Element {
  const markets = MARKETS.filter(({ id }) => forecasts.some(({ market }) => market === id));
  const chosen = {
    market: query.get('market') ?? '',
    team: query.get('team') ?? '',
    book: query.get('book') ?? '',
    show: query.get('show') ?? firstShown(forecasts),
    sort: query.get('sort') ?? 'pick',
    game: query.get('game'),
  };
  const inMarket = forecasts.filter(({ market }) => chosen.market === '' || market === chosen.market);
  const shown = inMarket
    .filter(
      (row) =>
        (chosen.team === '' || row.team_abbr === chosen.team) &&
        (chosen.book === '' || row.bookmaker === chosen.book) &&
        (chosen.game === null || row.game_id === chosen.game) &&
        (chosen.show === 'all' || (chosen.show === 'picks' ? row.is_actionable : row.line !== null)),
    )
    .sort(
      (a, b) =>
        (SORTS.find(([id]) => id === chosen.sort)?.[2] ?? edge)(a, b) ||
        a.player_name.localeCompare(b.player_name),
    );
  const teams = [...new Set(games.flatMap(({ home_abbr, away_abbr }) => [home_abbr, away_abbr]))].sort();
  const books = [...new Set(inMarket.flatMap(({ bookmaker }) => bookmaker ?? []))].sort();
  // One scale for all rows of a market.
  const scales = new Map<string, number>();
  for (const { market, p90, sd } of inMarket)
    scales.set(market, Math.max(scales.get(market) ?? 4, Math.ceil(p90 + 0.7 * sd)));
  const tipoffs = new Map(games.map(({ game_id, tipoff_at }) => [game_id, tipoff_at]));
  const hasEarlier = publications.filter(({ withdrawn_at }) => withdrawn_at === null).length > 1;
  const isOver = games.every(({ status }) => status !== 'scheduled' && status !== 'live');
  const any: readonly (readonly [string, string])[] = [['', 'all']];
  return (
    <Section title="Forecasts">
      <div class="filters">
        <Choice
          label="Market"
          value={chosen.market}
          options={[...any, ...markets.map(({ id }) => [id, marketLabel(id)] as const)]}
          onChange={(id) => choose('market', id === '' ? null : id)}
        />
        <Choice
          label="Show"
          value={chosen.show}
          options={[
            ['picks', 'picks'],
            ['lines', 'everyone with a line'],
            ['all', 'everyone'],
          ]}
          onChange={(value) => choose('show', value)}
        />
        <Choice
          label="Team"
          value={chosen.team}
          options={[...any, ...teams.map((team) => [team, team] as const)]}
          onChange={(value) => choose('team', value === '' ? null : value)}
        />
        <Choice
          label="Book"
          value={chosen.book}
          options={[...any, ...books.map((book) => [book, book] as const)]}
          onChange={(value) => choose('book', value === '' ? null : value)}
        />
        <Choice
          label="Sort by"
          value={chosen.sort}
          options={SORTS.map(([id, label]) => [id, label])}
          onChange={(value) => choose('sort', value)}
        />
      </div>
      <p class="soft count" role="status">
        {shown.length} of {inMarket.length}{' '}
        {chosen.market === '' ? '' : marketLabel(chosen.market).toLowerCase()} forecasts
      </p>
      {shown.length === 0 ? (
        <Empty title="No matching forecast">
          {chosen.show === 'lines' && inMarket.every(({ line }) => line === null)
            ? 'No line of this market was quoted before the cut-off: “everyone” shows the forecasts without.'
            : 'Choose fewer conditions.'}
        </Empty>
      ) : (
        <div class="forecasts">
          <Table
            caption={chosen.market === '' ? 'Forecasts' : `${marketLabel(chosen.market)} forecasts`}
            rows={shown}
            limit={FIRST_ROWS}
            keyOf={({ player_id, market, line_role }) => `${player_id} ${market} ${line_role}`}
            columns={[
              {
                head: 'Player',
                className: 'c-player',
                cell: (row) => (
                  <>
                    <a href={to('player', row.player_id, row.market)}>{row.player_name}</a>
                    <span class="sub">
                      {row.team_abbr} {row.is_home ? 'vs' : '@'} {row.opponent_abbr}
                      {tipoffs.has(row.game_id) &&
                        ` · ${easternTime(new Date(tipoffs.get(row.game_id) ?? ''))}`}
                    </span>
                  </>
                ),
              },
              {
                head: 'Line',
                isNumber: true,
                className: 'c-line',
                cell: (row) =>
                  row.line === null ? (
                    <span class="soft">–</span>
                  ) : (
                    <>
                      {row.line} {chosen.market === '' && marketLabel(row.market).toLowerCase()}
                      <span class="sub">
                        {row.bookmaker}
                        {row.line_role === 'second' && ', second'}
                      </span>
                    </>
                  ),
              },
              {
                head: 'Forecast',
                isNumber: true,
                className: 'c-forecast',
                cell: (row) => (
                  <>
                    {row.predicted.toFixed(1)}
                    <span class="sub">
                      {row.p10.toFixed(0)} to {row.p90.toFixed(0)}
                    </span>
                  </>
                ),
              },
              {
                head: 'Distribution',
                className: 'c-spark',
                cell: (row) => <Spark row={row} most={scales.get(row.market) ?? 4} />,
              },
              {
                head: 'P(over)',
                isNumber: true,
                className: 'c-chance',
                cell: (row) => <Chances row={row} />,
              },
              {
                head: 'Pick',
                className: 'c-pick',
                cell: (row) => <Pick row={row} slate={slate} />,
              },
              {
                head: isOver ? 'Result' : 'Status',
                className: 'c-status',
                cell: (row) => (
                  <>
                    <span>
                      {result(row) === '' ? (row.injury_status ?? <span class="soft">–</span>) : result(row)}
                    </span>
                    <Change row={row} hasEarlier={hasEarlier} />
                  </>
                ),
              },
            ]}
          />
        </div>
      )}
      <p class="note">
        The forecast is the median, with the range from the 10 % to the 90 % quantile below it. The columns
        are drawn from the published quantiles; those above the line are coloured. P(over) leaves pushes out:
        first the model alone, then what is believed having heard the line.
      </p>
    </Section>
  );
}

/** P(over | no push), by the model alone and as published. */
function Chances({ row }: { readonly row: SlateForecast }): JSX.Element {
  if (row.p_over === null) return <span class="soft">–</span>;
  return (
    <>
      <span class="soft" title="the model alone">
        {chance(decided(row.model_p_over, row.p_push))}
      </span>{' '}
      <span aria-hidden="true">→</span>{' '}
      <strong title="given the line">{chance(decided(row.p_over, row.p_push))}</strong>
    </>
  );
}

function Pick({ row, slate }: { readonly row: SlateForecast; readonly slate: string }): JSX.Element {
  const side = row.recommendation === 'OVER' || row.recommendation === 'UNDER' ? row.recommendation : null;
  return (
    <>
      <a
        class="pick"
        href={to(
          'slate',
          slate,
          row.player_id,
          row.market,
          ...(row.line_role === 'second' ? ['second'] : []),
        )}
      >
        {side === null ? (
          <span class="soft">why</span>
        ) : (
          <span class={`tag ${side === 'OVER' ? 'over' : 'under'} ${row.is_actionable ? 'full' : ''}`}>
            {side} {row.edge === null ? '' : signed(row.edge)}
          </span>
        )}
        <span class="unseen">: {row.player_name}</span>
      </a>
      <span class="sub">
        {pickReason(row)}
        {side !== null &&
          row.is_actionable &&
          ` (${odds(side === 'OVER' ? row.over_price : row.under_price)})`}
      </span>
    </>
  );
}

/** What the previous publication said, when different. */
function Change({
  row,
  hasEarlier,
}: {
  readonly row: SlateForecast;
  readonly hasEarlier: boolean;
}): JSX.Element | null {
  if (row.previous_at == null) return hasEarlier ? <span class="sub">new in this publication</span> : null;
  const parts = [
    row.previous_line === row.line ? '' : `line ${row.previous_line ?? 'none'} → ${row.line ?? 'none'}`,
    row.previous_predicted === row.predicted
      ? ''
      : `forecast ${(row.previous_predicted ?? 0).toFixed(1)} → ${row.predicted.toFixed(1)}`,
  ].filter((part) => part !== '');
  return <span class="sub">{parts.length === 0 ? 'unchanged' : parts.join(', ')}</span>;
}
