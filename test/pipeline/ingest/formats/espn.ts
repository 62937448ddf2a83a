/** Answers of ESPN as its site API gives them, cut to what is read, with invented players. */

interface InjuryChanges {
  readonly name?: string;
  readonly status?: string;
  readonly date?: string;
  readonly team?: string;
}

/** One entry of the list of injuries. */
export function espnInjury({
  name = 'Toven Obrand Jr.',
  status = 'Day-To-Day',
  date = '2024-11-02T04:24Z',
  team,
}: InjuryChanges = {}) {
  return {
    id: '-34567',
    status,
    date,
    shortComment: 'Obrand is a question mark.',
    athlete: {
      displayName: name,
      links: [
        { rel: ['stats'], href: 'https://www.espn.com/nba/player' },
        {
          rel: ['playercard', 'desktop', 'athlete'],
          href: 'https://www.espn.com/nba/player/_/id/4277905/toven-obrand',
        },
      ],
      team: { displayName: team ?? 'Boston Celtics' },
    },
    details: { fantasyStatus: { abbreviation: 'GTD' }, type: 'Quadriceps', detail: 'Bruise', side: 'Right' },
  };
}

/** The answer of `/injuries`: teams by full name, each with its entries. */
export function injuriesAnswer(
  groups: readonly (readonly [team: string, injuries: readonly object[]])[],
  timestamp = '2025-01-11T03:00:00Z',
) {
  return {
    timestamp,
    status: 'success',
    season: { year: 2025, type: 2 },
    injuries: groups.map(([displayName, injuries], index) => ({
      id: String(index + 1),
      displayName,
      injuries,
    })),
  };
}

interface GameChanges {
  readonly status?: string;
  readonly scores?: readonly [home: string, away: string];
  readonly seasonType?: number;
  readonly note?: string;
  readonly timeValid?: boolean;
  readonly home?: string;
}

/** One game of the scoreboard: Utah at Golden State on the evening of 10 January 2025. */
export function espnGame({
  status = 'STATUS_SCHEDULED',
  scores = ['0', '0'],
  seasonType = 2,
  note,
  timeValid = true,
  home = 'Golden State Warriors',
}: GameChanges = {}) {
  const side = (homeAway: string, displayName: string, score: string) => ({
    homeAway,
    score,
    team: { displayName, abbreviation: 'XX' },
  });
  return {
    id: '401766123',
    date: '2025-01-11T00:30Z',
    season: { year: 2025, type: seasonType },
    competitions: [
      {
        date: '2025-01-11T00:30Z',
        timeValid,
        competitors: [side('home', home, scores[0]), side('away', 'Utah Jazz', scores[1])],
        notes: note === undefined ? [] : [{ type: 'event', headline: note }],
        status: { type: { name: status, detail: 'detail' } },
      },
    ],
  };
}

/** The answer of `/scoreboard`. */
export function scoreboardAnswer(events: readonly object[]) {
  return {
    leagues: [{ id: '46', abbreviation: 'NBA' }],
    season: { type: 2, year: 2025 },
    day: { date: '2025-01-10' },
    events,
  };
}

/** The answer of `/teams/<id>?enable=roster`. */
export function espnTeam(id: string, displayName: string, players: readonly string[]) {
  return {
    team: {
      id,
      uid: `s:40~l:46~t:${id}`,
      displayName,
      athletes: players.map((name, index) => ({
        id: `${id}00${index + 1}`,
        displayName: name,
        debutYear: 2016,
        jersey: '7',
        position: { abbreviation: 'SG' },
      })),
    },
  };
}
