import type { GameLine, PlayerLine } from '#core/contracts/nba_raw.ts';
import type { Random } from '#core/random.ts';
import { statusAt } from './availability.ts';
import { playWeight } from './game.ts';
import type { RowIds } from './league-rows.ts';
import {
  americanPrice,
  BOOKMAKERS,
  type Bookmaker,
  chanceAbove,
  type Expectation,
  type Information,
  type Matchday,
  type MatchdaySide,
  type SideExpectation,
  sidesOf,
  toLine,
} from './matchday.ts';
import { iso, MINUTE } from './options.ts';
import type { SimulatedPlayer } from './players.ts';

/** Standard deviations of errors in margin and total, in points: shared by all bookmakers, and of each alone. */
const COMMON = { margin: 1.6, total: 2.5 };
const OWN = { margin: 0.3, total: 0.4 };

/** Spread and total quotes: from opening to close at the first bookmaker, one each at the others. */
export function gameLineRows(
  day: Matchday,
  known: Information,
  random: Random,
  ids: RowIds,
  source_file: string,
): GameLine[] {
  const commence_at = iso(day.game.tipoff + 10 * MINUTE);
  const event_id = ids('event', [day.game.gameId]);
  const [marginError, totalError] = [random.normal(0, COMMON.margin), random.normal(0, COMMON.total)];
  return BOOKMAKERS.flatMap((bookmaker, index) => {
    const snapshots = known.snapshots(bookmaker, random.fork('times', bookmaker.key));
    return (index === 0 ? snapshots : snapshots.slice(0, 1)).map(({ at, sides }): GameLine => {
      const [home, away] = [sides[0]?.points ?? 0, sides[1]?.points ?? 0];
      const spread_home = halves(-(home - away + marginError + random.normal(0, OWN.margin)));
      const total = halves(home + away + totalError + random.normal(0, OWN.total));
      return {
        event_id,
        slate: day.slate,
        home_abbr: day.home.state.team.abbr,
        away_abbr: day.away.state.team.abbr,
        commence_at,
        bookmaker: bookmaker.key,
        spread_home,
        total,
        snapshot_at: iso(at),
        snapshot_quality: 'exact',
        source: 'simulated',
        source_file,
        source_line: null,
        row_id: ids('game_lines', [day.game.gameId, bookmaker.key, at, spread_home, total]),
        ingested_at: iso(at + MINUTE),
      };
    });
  });
}

/** The value rounded to halves as exact decimal text; never "-0". */
function halves(value: number): string {
  return String(Math.round(value * 2) / 2 || 0);
}

/** Basis of a quote in rebounds or assists: expected median and standard deviation. */
interface SideMarket {
  readonly market: 'rebounds' | 'assists';
  readonly median: number;
  readonly sd: number;
}

/** A side's typical totals per game: credited rebounds, and assisted shots (measured on simulated games). */
const TEAM = { offensiveRebounds: 10.9, defensiveRebounds: 33.8, passes: 30.2 };
/** Mean minus median of the skewed counts. */
const MEDIAN_SHIFT = { rebounds: 0.25, assists: 0.25 };

/** Rebounds and assists of one player: his share of his side's expected totals, given who is available. */
function sideMarkets(side: SideExpectation, { player, minutes }: Expectation): SideMarket[] {
  const total = { offensive: 0, defensive: 0, assist: 0, plays: 0 };
  for (const mate of side.players) {
    const time = mate.minutes * mate.presence;
    const { tendencies } = mate.player;
    total.offensive += time * tendencies.offensiveRebound;
    total.defensive += time * tendencies.defensiveRebound;
    total.assist += time * tendencies.assist * mate.player.usage;
    total.plays += time * playWeight(mate.player);
  }
  const { tendencies, usage } = player;
  const share = (weight: number, sum: number): number => (sum > 0 ? (minutes * weight) / sum : 0);
  const rebounds =
    TEAM.offensiveRebounds * share(tendencies.offensiveRebound, total.offensive) +
    TEAM.defensiveRebounds * share(tendencies.defensiveRebound, total.defensive);
  // A player cannot assist his own shots.
  const assists =
    TEAM.passes *
    share(tendencies.assist * usage, total.assist) *
    (1 - share(playWeight(player), total.plays));
  return [
    { market: 'rebounds', median: rebounds - MEDIAN_SHIFT.rebounds, sd: spread(rebounds) },
    { market: 'assists', median: assists - MEDIAN_SHIFT.assists, sd: spread(assists) },
  ];
}

/** Standard deviation of a count: with uncertain minutes somewhat more than Poisson. */
function spread(mean: number): number {
  return Math.sqrt(Math.max(0.5, mean) + (0.2 * mean) ** 2);
}

/** Minimum expected minutes for bookmakers to quote a player. */
const FEWEST_MINUTES = 16;
/** The market's shared error in a player's points: a constant part, a share of his points, and extra at the opening. */
const MARKET_ERROR = { base: 0.8, share: 0.055, opening: 0.6 };
/** Bookmakers shrink lines toward the middle, so that high lines are not systematically too high. */
const LEAN = { toward: 13, by: 0.075 };
/** Mean minus median of points: lines are at the median of a skewed count. */
const POINTS_MEDIAN_SHIFT = 0.48;
/** Rebounds and assists are quoted for the top scorers of a team, at the first bookmaker only. */
const SIDE_MARKETS = { players: 3, error: 0.4 };
/** Share of questionable players who are quoted all the same. */
const QUOTES_DOUBTS = 0.6;
/** Minimum price move for a new quote while the line is unchanged. */
const PRICE_STEP = 20;

/** Fields shared by all quotes of a game. */
interface Event {
  readonly day: Matchday;
  readonly eventId: string;
  readonly commenceAt: string;
  readonly ids: RowIds;
  readonly sourceFile: string;
  readonly rows: PlayerLine[];
}

/** A bookmaker's view of one player at one moment. */
interface View {
  readonly time: Instant;
  readonly opening: boolean;
  readonly team: SideExpectation;
  readonly expected: Expectation;
}

/** A bookmaker's view of a whole game at one moment. */
interface Look {
  readonly time: Instant;
  readonly opening: boolean;
  readonly sides: readonly SideExpectation[];
}

interface Book {
  readonly bookmaker: Bookmaker;
  readonly looks: readonly Look[];
}

/** Instants of a quote and of its load, as number and as text. */
interface Instant {
  readonly at: number;
  readonly snapshotAt: string;
  readonly ingestedAt: string;
}

/** The quotes of a game from opening to a few minutes before tip-off: one row whenever a quote moves. */
export function playerLineRows(
  day: Matchday,
  known: Information,
  random: Random,
  ids: RowIds,
  sourceFile: string,
): PlayerLine[] {
  const commenceAt = iso(day.game.tipoff + 10 * MINUTE);
  const event: Event = {
    day,
    eventId: ids('event', [day.game.gameId]),
    commenceAt,
    ids,
    sourceFile,
    rows: [],
  };
  const books = BOOKMAKERS.map((bookmaker): Book => {
    const looks = known
      .snapshots(bookmaker, random.fork('times', bookmaker.key))
      .map(({ at, opening, sides }): Look => {
        return { opening, sides, time: { at, snapshotAt: iso(at), ingestedAt: iso(at + MINUTE) } };
      });
    return { bookmaker, looks };
  });
  for (const [index, { side }] of sidesOf(day).entries()) {
    for (const [place, player] of side.state.roster.entries()) {
      const views = books.map(({ bookmaker, looks }) => ({ bookmaker, views: viewsOf(looks, index, place) }));
      if (views.some((book) => book.views.length > 0)) quotePlayer(event, player, side, views, random);
    }
  }
  return event.rows;
}

/** The moments at which a player has enough expected minutes to be quoted. */
function viewsOf(looks: readonly Look[], side: number, place: number): View[] {
  const views: View[] = [];
  for (const { time, opening, sides } of looks) {
    const team = sides[side];
    const expected = team?.players[place];
    if (team !== undefined && expected !== undefined && expected.minutes >= FEWEST_MINUTES)
      views.push({ time, opening, team, expected });
  }
  return views;
}

/** Quotes a player at all bookmakers: they share the market's error about him, and each adds its own. */
function quotePlayer(
  event: Event,
  player: SimulatedPlayer,
  side: MatchdaySide,
  books: readonly { readonly bookmaker: Bookmaker; readonly views: readonly View[] }[],
  random: Random,
): void {
  const history = side.histories.find(({ availability }) => availability.player === player);
  const stream = random.fork('player', player.id);
  const [common, early, doubts] = [stream.normal(), stream.normal(), stream.chance(QUOTES_DOUBTS)];
  for (const { bookmaker, views } of books) {
    const [error, whole] = [stream.normal(0, bookmaker.noise), stream.chance(bookmaker.wholeLines)];
    const last = new Map<string, { line: number; overPrice: number }>();
    const quote = (market: string, time: Instant, line: number, median: number, sd: number): void => {
      const over = chanceAbove(line, median, sd);
      const overPrice = americanPrice(over, bookmaker.vig);
      const before = last.get(market);
      if (before !== undefined && before.line === line && distance(before.overPrice, overPrice) < PRICE_STEP)
        return;
      last.set(market, { line, overPrice });
      event.rows.push(
        quoteRow(
          event,
          player,
          bookmaker,
          market,
          time,
          line,
          overPrice,
          americanPrice(1 - over, bookmaker.vig),
        ),
      );
    };
    for (const { time, opening, team, expected } of views) {
      const status = history === undefined ? null : statusAt(history, time.at);
      if (status === 'out' || status === 'doubtful' || (status === 'questionable' && !doubts)) continue;
      const spread = MARKET_ERROR.base + MARKET_ERROR.share * expected.points;
      const fair = expected.points + LEAN.by * (LEAN.toward - expected.points) - POINTS_MEDIAN_SHIFT;
      const belief = fair + spread * common + (opening ? MARKET_ERROR.opening * early : 0) + error;
      quote('points', time, toLine(belief, whole), belief, scoringSd(expected.points));
      if (bookmaker !== BOOKMAKERS[0] || rankByPoints(team, expected) >= SIDE_MARKETS.players) continue;
      for (const { market, median, sd } of sideMarkets(team, expected)) {
        const opinion = median + SIDE_MARKETS.error * common;
        quote(market, time, toLine(opinion, false), opinion, sd);
      }
    }
  }
}

function quoteRow(
  { day, eventId, commenceAt, ids, sourceFile }: Event,
  { id, identity }: SimulatedPlayer,
  { key, asciiNames }: Bookmaker,
  market: string,
  { at, snapshotAt, ingestedAt }: Instant,
  line: number,
  over_price: number,
  under_price: number,
): PlayerLine {
  return {
    event_id: eventId,
    market,
    bookmaker: key,
    player_name: asciiNames ? identity.ascii : identity.name,
    player_lookup: identity.lookup,
    team_hint_abbr: null,
    home_abbr: day.home.state.team.abbr,
    away_abbr: day.away.state.team.abbr,
    commence_at: commenceAt,
    slate: day.slate,
    side: 'both',
    line: String(line),
    over_price,
    under_price,
    is_alternate: false,
    snapshot_at: snapshotAt,
    snapshot_quality: 'exact',
    file_date: null,
    source: 'simulated',
    source_file: sourceFile,
    source_line: null,
    row_id: ids('player_lines', [day.game.gameId, id, market, key, at, line * 2, over_price, under_price]),
    ingested_at: ingestedAt,
  };
}

/** Standard deviation of a player's points around the expectation (real league: 4.6 below 8 points, 8.5 above 25). */
function scoringSd(points: number): number {
  return Math.min(8.5, 3.6 + 0.22 * points);
}

function rankByPoints(side: SideExpectation, expected: Expectation): number {
  let ahead = 0;
  for (const { points, presence } of side.players) if (presence > 0 && points > expected.points) ahead += 1;
  return ahead;
}

/** Distance of two American prices; -105 and +105 are ten apart. */
function distance(a: number, b: number): number {
  const even = (price: number): number => (price < 0 ? price + 100 : price - 100);
  return Math.abs(even(a) - even(b));
}
