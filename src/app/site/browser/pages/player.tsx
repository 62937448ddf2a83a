import * as Plot from '@observablehq/plot';
import type { JSX } from 'preact';
import { useCallback, useState } from 'preact/hooks';
import { unpack } from '#app/reading/packed.ts';
import type {
  PlayerFeature,
  PlayerGame,
  PlayerReading,
  SeasonForecast,
} from '#app/reading/season-players.ts';
import { historyOf } from '#app/reading/unpacked.ts';
import { useDocument } from '#app/site/browser/data.ts';
import {
  Chart,
  Choice,
  Empty,
  Figures,
  Money,
  Section,
  Table,
  Tag,
  Waiting,
} from '#app/site/browser/parts.tsx';
import { to } from '#app/site/browser/route.ts';
import { chance, decided, longDate, marketLabel, shortDate, signed } from '#app/site/browser/words.ts';
import type { Overview } from '#app/site/documents.ts';
import { count } from '#core/format.ts';
import { MARKETS } from '#core/markets.ts';
import { FeatureTable } from './forecast-parts.tsx';

/** Every player with a forecast this season. */
export function PlayersPage({ overview }: { readonly overview: Overview }): JSX.Element {
  const [wanted, setWanted] = useState('');
  const players = unpack<{ player_id: number; player_name: string; team_abbr: string }>(overview.players);
  const plain = (text: string): string => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();
  const found = players.filter(({ player_name, team_abbr }) =>
    plain(`${player_name} ${team_abbr}`).includes(plain(wanted)),
  );
  const teams = [...Map.groupBy(found, ({ team_abbr }) => team_abbr)].sort(([a], [b]) => a.localeCompare(b));
  return (
    <>
      <header class="page-head">
        <h1>Players</h1>
        <label class="choice">
          <span>Name or team</span>
          <input type="search" value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} />
        </label>
      </header>
      <p class="soft count" role="status">
        {count(found.length, 'player')} with a forecast in {overview.season}
      </p>
      {found.length === 0 ? (
        <Empty title="No matching player">Part of a name, or the three letters of a team.</Empty>
      ) : (
        <div class="rosters">
          {teams.map(([team, own]) => (
            <section key={team} aria-label={team}>
              <h2>{team}</h2>
              <ul>
                {own.map(({ player_id, player_name }) => (
                  <li key={player_id}>
                    <a href={to('player', player_id)}>{player_name}</a>
                  </li>
                ))}
              </ul>
            </section>
          ))}
        </div>
      )}
    </>
  );
}

/** One player: forecasts against results, minutes, and his features. */
export function PlayerPage({
  player,
  market,
}: {
  readonly player: number;
  readonly market: string | undefined;
}): JSX.Element {
  const loaded = useDocument(`players/${player}`);
  if (loaded.state === 'here') return <Career reading={loaded.document} wanted={market} />;
  return (
    <>
      <h1>Player</h1>
      {loaded.state === 'missing' ? (
        <Empty title="No forecast this season">
          This player has no visible forecast. <a href={to('players')}>All players</a>
        </Empty>
      ) : (
        <Waiting of={loaded} />
      )}
    </>
  );
}

function Career({
  reading,
  wanted,
}: {
  readonly reading: PlayerReading;
  readonly wanted: string | undefined;
}): JSX.Element {
  const all = historyOf(reading);
  const games = unpack<PlayerGame>(reading.games);
  const markets = MARKETS.filter(({ id }) => all.some((row) => row.market === id));
  const market = wanted ?? markets[0]?.id ?? 'points';
  const rows = all.filter((row) => row.market === market);
  const forecasts = rows.filter(({ line_role }) => line_role !== 'second');
  const graded = forecasts.filter(({ actual }) => actual !== null);
  const inside = graded.filter(({ actual, p10, p90 }) => (actual ?? 0) >= p10 && (actual ?? 0) <= p90);
  const error = graded.reduce((sum, { predicted, actual }) => sum + Math.abs(predicted - (actual ?? 0)), 0);
  const bets = rows.filter(
    ({ is_actionable, outcome }) => is_actionable && (outcome === 'win' || outcome === 'loss'),
  );
  const wins = bets.filter(({ outcome }) => outcome === 'win').length;
  const features = unpack<PlayerFeature>(reading.features);
  return (
    <>
      <header class="page-head">
        <h1>
          {reading.player_name}
          <span class="h1-sub">{reading.team_abbr}</span>
        </h1>
        {markets.length > 1 && (
          <Choice
            label="Market"
            value={market}
            options={markets.map(({ id }) => [id, marketLabel(id)])}
            onChange={(id) => {
              location.hash = to('player', reading.player_id, id);
            }}
          />
        )}
      </header>
      <Figures
        of={[
          ['Forecasts', forecasts.length, marketLabel(market)],
          [
            'Mean error',
            graded.length === 0 ? '–' : (error / graded.length).toFixed(2),
            count(graded.length, 'graded game'),
          ],
          ['In the 80 % range', graded.length === 0 ? '–' : `${inside.length} of ${graded.length}`],
          [
            'Picks',
            bets.length === 0 ? '–' : `${wins}–${bets.length - wins}`,
            bets.length === 0 ? (
              'none decided'
            ) : (
              <Money key="m" value={bets.reduce((sum, { profit }) => sum + (profit ?? 0), 0)} />
            ),
          ],
          ['Games played', games.filter(({ played }) => played).length],
        ]}
      />
      <History forecasts={forecasts} market={market} />
      <Minutes games={games} />
      <Section title="Game by game">
        {rows.length === 0 ? (
          <Empty title={`No ${marketLabel(market).toLowerCase()} forecasts`} />
        ) : (
          <Table
            caption="Forecasts and results, newest first"
            rows={rows.toReversed()}
            limit={25}
            keyOf={({ slate, line_role }) => `${slate} ${line_role}`}
            columns={[
              {
                head: 'Date',
                className: 'keep',
                cell: (row) => (
                  <a
                    href={to(
                      'slate',
                      row.slate,
                      reading.player_id,
                      market,
                      ...(row.line_role === 'second' ? ['second'] : []),
                    )}
                  >
                    {shortDate(row.slate)}
                    <span class="unseen">: explanation</span>
                  </a>
                ),
              },
              {
                head: 'Game',
                className: 'keep',
                cell: (row) => `${row.is_home ? 'vs' : '@'} ${row.opponent_abbr}`,
              },
              { head: 'Line', isNumber: true, cell: (row) => row.line ?? <span class="soft">–</span> },
              { head: 'Forecast', isNumber: true, cell: (row) => row.predicted.toFixed(1) },
              {
                head: '80 %',
                isNumber: true,
                cell: (row) => (
                  <span class="soft">
                    {row.p10.toFixed(0)}–{row.p90.toFixed(0)}
                  </span>
                ),
              },
              { head: 'P(over)', isNumber: true, cell: (row) => chance(decided(row.p_over, row.p_push)) },
              {
                head: 'Pick',
                cell: (row) =>
                  row.is_actionable ? (
                    <Tag tone={row.recommendation === 'OVER' ? 'over' : 'under'}>{row.recommendation}</Tag>
                  ) : (
                    <span class="soft">–</span>
                  ),
              },
              {
                head: 'Result',
                isNumber: true,
                cell: (row) =>
                  row.outcome === 'void' ? (
                    <span class="soft">did not play</span>
                  ) : (
                    (row.actual ?? <span class="soft">–</span>)
                  ),
              },
              {
                head: 'Error',
                isNumber: true,
                cell: (row) =>
                  row.actual === null ? <span class="soft">–</span> : signed(row.predicted - row.actual),
              },
              {
                head: 'Minutes',
                isNumber: true,
                cell: (row) => row.actual_minutes?.toFixed(0) ?? <span class="soft">–</span>,
              },
              {
                head: 'Units',
                isNumber: true,
                cell: (row) => <Money value={row.is_actionable ? row.profit : null} />,
              },
            ]}
          />
        )}
      </Section>
      <Section
        title="Features"
        note={
          reading.features_of === null
            ? undefined
            : `As of ${longDate(reading.features_of)}, each with the source of its value.`
        }
      >
        <FeatureTable features={features} />
      </Section>
    </>
  );
}

function History({
  forecasts,
  market,
}: {
  readonly forecasts: readonly SeasonForecast[];
  readonly market: string;
}): JSX.Element | null {
  const draw = useCallback(
    (width: number) => {
      const rows = forecasts.map((row) => ({ ...row, at: new Date(`${row.slate}T00:00:00Z`) }));
      const lined = rows.filter(({ line }) => line !== null);
      const results = rows.filter(({ actual }) => actual !== null);
      return Plot.plot({
        width,
        height: 290,
        marginLeft: 36,
        marginTop: 30,
        marginRight: 10,
        x: { type: 'utc', label: null },
        y: {
          label: marketLabel(market),
          grid: true,
          nice: true,
          domain: [0, Math.max(4, ...rows.map(({ p90, actual }) => Math.max(p90, actual ?? 0)))],
        },
        marks: [
          Plot.ruleX(rows, {
            x: 'at',
            y1: 'p10',
            y2: 'p90',
            stroke: 'var(--mass)',
            strokeWidth: Math.max(3, Math.min(9, width / rows.length / 2)),
          }),
          Plot.dot(lined, {
            x: 'at',
            y: ({ line }) => Number(line),
            symbol: 'square',
            r: 2.4,
            fill: 'var(--ink)',
          }),
          Plot.dot(rows, { x: 'at', y: 'predicted', r: 2.6, fill: 'var(--under)' }),
          Plot.dot(results, {
            x: 'at',
            y: 'actual',
            r: 3.6,
            fill: 'var(--over)',
            stroke: 'var(--card)',
            strokeWidth: 1,
          }),
        ],
      });
    },
    [forecasts, market],
  );
  if (forecasts.length === 0) return null;
  return (
    <Section title="Forecasts against results">
      <p class="legend">
        <span class="key band">80 % range</span>
        <span class="key dot-under">forecast</span>
        <span class="key square-ink">line</span>
        <span class="key dot-over">result</span>
      </p>
      <Chart
        draw={draw}
        description={`${marketLabel(market)} of ${count(forecasts.length, 'game')}: forecast, its 80 % range, the line and the result. The table below has the numbers.`}
      />
    </Section>
  );
}

function Minutes({ games }: { readonly games: readonly PlayerGame[] }): JSX.Element | null {
  const draw = useCallback(
    (width: number) => {
      const rows = games.map((game) => ({ ...game, at: new Date(`${game.slate}T00:00:00Z`) }));
      const bar = Math.max(2, Math.min(10, (width - 50) / Math.max(rows.length, 12) - 2));
      return Plot.plot({
        width,
        height: 140,
        marginLeft: 36,
        marginTop: 30,
        marginRight: 10,
        x: { type: 'utc', label: null },
        y: { label: 'Minutes', domain: [0, 48], ticks: [0, 24, 48], grid: true },
        marks: [
          Plot.ruleX(
            rows.filter(({ played }) => played),
            { x: 'at', y: 'minutes', stroke: 'var(--under)', strokeWidth: bar },
          ),
          Plot.dot(
            rows.filter(({ played }) => !played),
            { x: 'at', y: 0, r: 2, stroke: 'var(--soft)' },
          ),
          Plot.ruleY([0], { stroke: 'var(--soft)' }),
        ],
      });
    },
    [games],
  );
  if (games.length === 0) return null;
  return (
    <Section title="Minutes">
      <Chart
        draw={draw}
        description={`Minutes of ${count(games.length, 'game')}; an open dot is a game he did not play.`}
      />
    </Section>
  );
}
