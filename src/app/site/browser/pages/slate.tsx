import type { JSX } from 'preact';
import { unpack } from '#app/reading/packed.ts';
import type { SlateAbsence, SlateForecast, SlateGame, SlateReading } from '#app/reading/slate.ts';
import { forecastsOf } from '#app/reading/unpacked.ts';
import { useDocument } from '#app/site/browser/data.ts';
import { Choice, Empty, Section, Table, Tag, Waiting } from '#app/site/browser/parts.tsx';
import { choose, to } from '#app/site/browser/route.ts';
import { absenceReason, longDate, shortDate, statusText } from '#app/site/browser/words.ts';
import type { Overview, SlateEntry } from '#app/site/documents.ts';
import { easternTime } from '#core/calendar.ts';
import { count, when } from '#core/format.ts';
import { Forecasts } from './slate-forecasts.tsx';

/** One evening: its games, all visible forecasts, and players without one. */
export function SlatePage({
  overview,
  slate,
  query,
}: {
  readonly overview: Overview;
  readonly slate: string;
  readonly query: URLSearchParams;
}): JSX.Element {
  const loaded = useDocument(`slates/${slate}`);
  return (
    <>
      <header class="page-head">
        <h1>{longDate(slate)}</h1>
        <SlateNavigation overview={overview} slate={slate} />
      </header>
      {loaded.state === 'here' ? (
        <Evening reading={loaded.document} query={query} />
      ) : loaded.state === 'missing' ? (
        <Empty title="No games">Nothing is scheduled for this date.</Empty>
      ) : (
        <Waiting of={loaded} />
      )}
    </>
  );
}

/** Links to the previous and next game day, and a list of all. */
function SlateNavigation({
  overview,
  slate,
}: {
  readonly overview: Overview;
  readonly slate: string;
}): JSX.Element {
  const slates = unpack<SlateEntry>(overview.slates);
  const before = slates.findLast((entry) => entry.slate < slate);
  const after = slates.find((entry) => entry.slate > slate);
  const label = ({ slate: date, picks, players, games }: SlateEntry): string =>
    `${shortDate(date)} · ${players === 0 ? count(games, 'game') : count(picks, 'pick')}`;
  return (
    <nav class="dates" aria-label="Game days">
      {before === undefined ? (
        <span class="step" aria-hidden="true">
          ←
        </span>
      ) : (
        <a
          class="step"
          href={to('slate', before.slate)}
          aria-label={`Game day before: ${longDate(before.slate)}`}
        >
          ←
        </a>
      )}
      <Choice
        label="Game day"
        value={slate}
        options={[
          ...(slates.some((entry) => entry.slate === slate) ? [] : [[slate, shortDate(slate)] as const]),
          ...slates.map((entry) => [entry.slate, label(entry)] as const),
        ]}
        onChange={(date) => {
          location.hash = to('slate', date);
        }}
      />
      {after === undefined ? (
        <span class="step" aria-hidden="true">
          →
        </span>
      ) : (
        <a
          class="step"
          href={to('slate', after.slate)}
          aria-label={`Game day after: ${longDate(after.slate)}`}
        >
          →
        </a>
      )}
    </nav>
  );
}

function Evening({
  reading,
  query,
}: {
  readonly reading: SlateReading;
  readonly query: URLSearchParams;
}): JSX.Element {
  const { games, publications } = reading;
  const forecasts = forecastsOf(reading);
  const absent = unpack<SlateAbsence>(reading.absent);
  const picks = forecasts.filter(({ is_actionable }) => is_actionable);
  const players = new Set(forecasts.map(({ player_id }) => player_id)).size;
  const classes = [...new Set(forecasts.map(({ record_class }) => record_class))].sort().reverse();
  return (
    <>
      {picks.length > 0 && (
        <p class="lead strong">
          {count(picks.length, 'bookmaker line')} where the forecast disagrees by enough to pay. Choose a pick
          to see why.
        </p>
      )}
      <p class="lead">
        {count(games.length, 'game')}
        {players > 0 &&
          ` · ${players} of ${players + absent.length} players forecast · ${count(picks.length, 'pick')}`}{' '}
        {classes.map((one) => (
          <Tag key={one} tone={one === 'live' ? 'good' : 'idle'}>
            {one}
          </Tag>
        ))}
      </p>
      <Publications reading={reading} />
      <Games games={games} picks={picks} chosen={query.get('game')} />
      {forecasts.length === 0 ? (
        <NothingPublished reading={reading} />
      ) : (
        <Forecasts
          slate={reading.slate}
          games={games}
          forecasts={forecasts}
          publications={publications}
          query={query}
        />
      )}
      <Absent absent={absent} forecastCount={forecasts.length} />
    </>
  );
}

function Publications({ reading }: { readonly reading: SlateReading }): JSX.Element | null {
  const { publications } = reading;
  const visible = publications.filter(({ withdrawn_at }) => withdrawn_at === null);
  const withdrawn = publications.filter(({ withdrawn_at }) => withdrawn_at !== null);
  const [newest] = visible;
  return (
    <div class="publications">
      {newest !== undefined && (
        <p class="soft">
          Published {when(newest.published_at)} as {newest.run_mode} ({newest.completeness}), model{' '}
          <code>{newest.model_id}</code>
          {visible.length > 1 && `; ${count(visible.length - 1, 'earlier publication')}`}
        </p>
      )}
      {withdrawn.map((one) => (
        <p key={one.publication_id} class="callout bad">
          <strong>Withdrawn</strong> {when(one.withdrawn_at ?? '')}: the publication of{' '}
          {when(one.published_at)} ({one.run_mode}, {count(one.players, 'player')}). {one.withdrawn_reason}
        </p>
      ))}
    </div>
  );
}

function NothingPublished({ reading }: { readonly reading: SlateReading }): JSX.Element {
  const { batch, publications, games, slate } = reading;
  if (games.every(({ status }) => status === 'postponed' || status === 'cancelled'))
    return <Empty title="No game was played">Every game of the evening was called off.</Empty>;
  if (publications.length > 0)
    return <Empty title="Nothing is visible">Every publication of the evening was withdrawn.</Empty>;
  if (batch === null)
    return (
      <Empty title="No forecasts yet">
        No batch has run. <code>npx tipoff day {slate}</code> runs all phases.
      </Empty>
    );
  return (
    <Empty title="No forecasts">
      The last batch ({batch.mode}) is {batch.state}
      {batch.reason === null ? '' : `: ${batch.reason}`}.
    </Empty>
  );
}

function Games({
  games,
  picks,
  chosen,
}: {
  readonly games: readonly SlateGame[];
  readonly picks: readonly SlateForecast[];
  readonly chosen: string | null;
}): JSX.Element {
  const picksOf = new Map<string, number>();
  for (const { game_id } of picks) picksOf.set(game_id, (picksOf.get(game_id) ?? 0) + 1);
  return (
    <ul class="games" aria-label="Games: choose one to see its players only">
      {games.map(({ game_id, away_abbr, home_abbr, tipoff_at, status }) => (
        <li key={game_id}>
          <button
            type="button"
            aria-pressed={chosen === game_id}
            onClick={() => choose('game', chosen === game_id ? null : game_id)}
          >
            <span class="teams">
              {away_abbr} <span class="soft">@</span> {home_abbr}
            </span>
            <span class="soft">
              {status === 'scheduled' || status === 'live' || status === 'final'
                ? `${easternTime(new Date(tipoff_at))} ET`
                : status}
            </span>
            {picksOf.has(game_id) && (
              <span class="game-picks">{count(picksOf.get(game_id) ?? 0, 'pick')}</span>
            )}
          </button>
        </li>
      ))}
    </ul>
  );
}

function Absent({
  absent,
  forecastCount,
}: {
  readonly absent: readonly SlateAbsence[];
  readonly forecastCount: number;
}): JSX.Element | null {
  if (absent.length === 0 || forecastCount === 0) return null;
  return (
    <Section
      title="Without a forecast"
      note={`${count(absent.length, 'player')} of the evening, each with the reason.`}
    >
      <Table
        caption="Players without a forecast"
        rows={absent}
        limit={20}
        keyOf={({ player_id, game_id }) => `${player_id} ${game_id}`}
        columns={[
          {
            head: 'Player',
            cell: (row) => (
              <>
                <a href={to('player', row.player_id)}>{row.player_name}</a>
                <span class="sub">{row.team_abbr}</span>
              </>
            ),
          },
          {
            head: 'Why',
            cell: (row) => (
              <>
                {absenceReason(row.reason)}
                {row.withdrawn_at !== null && (
                  <span class="sub bad">forecast withdrawn {when(row.withdrawn_at)}</span>
                )}
              </>
            ),
          },
          {
            head: 'Status',
            cell: (row) =>
              row.injury_status === null ? (
                <span class="soft">not listed</span>
              ) : (
                statusText(row.injury_status, row.injury_reason)
              ),
          },
        ]}
      />
    </Section>
  );
}
