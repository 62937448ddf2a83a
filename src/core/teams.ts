/** A team of the league as feeds name it. */
export interface Team {
  readonly id: number;
  readonly abbr: string;
  readonly city: string;
  readonly nickname: string;
}

const ROWS = [
  [1610612737, 'ATL', 'Atlanta', 'Hawks'],
  [1610612738, 'BOS', 'Boston', 'Celtics'],
  [1610612751, 'BKN', 'Brooklyn', 'Nets'],
  [1610612766, 'CHA', 'Charlotte', 'Hornets'],
  [1610612741, 'CHI', 'Chicago', 'Bulls'],
  [1610612739, 'CLE', 'Cleveland', 'Cavaliers'],
  [1610612742, 'DAL', 'Dallas', 'Mavericks'],
  [1610612743, 'DEN', 'Denver', 'Nuggets'],
  [1610612765, 'DET', 'Detroit', 'Pistons'],
  [1610612744, 'GSW', 'Golden State', 'Warriors'],
  [1610612745, 'HOU', 'Houston', 'Rockets'],
  [1610612754, 'IND', 'Indiana', 'Pacers'],
  [1610612746, 'LAC', 'LA', 'Clippers'],
  [1610612747, 'LAL', 'Los Angeles', 'Lakers'],
  [1610612763, 'MEM', 'Memphis', 'Grizzlies'],
  [1610612748, 'MIA', 'Miami', 'Heat'],
  [1610612749, 'MIL', 'Milwaukee', 'Bucks'],
  [1610612750, 'MIN', 'Minnesota', 'Timberwolves'],
  [1610612740, 'NOP', 'New Orleans', 'Pelicans'],
  [1610612752, 'NYK', 'New York', 'Knicks'],
  [1610612760, 'OKC', 'Oklahoma City', 'Thunder'],
  [1610612753, 'ORL', 'Orlando', 'Magic'],
  [1610612755, 'PHI', 'Philadelphia', '76ers'],
  [1610612756, 'PHX', 'Phoenix', 'Suns'],
  [1610612757, 'POR', 'Portland', 'Trail Blazers'],
  [1610612758, 'SAC', 'Sacramento', 'Kings'],
  [1610612759, 'SAS', 'San Antonio', 'Spurs'],
  [1610612761, 'TOR', 'Toronto', 'Raptors'],
  [1610612762, 'UTA', 'Utah', 'Jazz'],
  [1610612764, 'WAS', 'Washington', 'Wizards'],
] as const;

/** The thirty teams of the league. */
export const TEAMS: readonly Team[] = ROWS.map(([id, abbr, city, nickname]) => ({
  id,
  abbr,
  city,
  nickname,
}));

/** Irregular spellings found in feeds. */
const OTHER_SPELLINGS: Readonly<Record<string, string>> = {
  'los angeles clippers': 'LAC',
  'la lakers': 'LAL',
  'portland trailblazers': 'POR',
  brk: 'BKN',
  bro: 'BKN',
  cho: 'CHA',
  pho: 'PHX',
  gs: 'GSW',
  ny: 'NYK',
  no: 'NOP',
  nor: 'NOP',
  sa: 'SAS',
  uth: 'UTA',
  wsh: 'WAS',
};

const BY_TEXT = new Map<string, Team>();
for (const team of TEAMS) {
  for (const text of [team.abbr, `${team.city} ${team.nickname}`, team.nickname, String(team.id)])
    BY_TEXT.set(text.toLowerCase(), team);
}
for (const [text, abbr] of Object.entries(OTHER_SPELLINGS)) {
  const team = BY_TEXT.get(abbr.toLowerCase());
  if (team !== undefined) BY_TEXT.set(text, team);
}

/** The team with a code, id, nickname or full name, in any spelling that feeds use; undefined for any other text. */
export function findTeam(text: string | number): Team | undefined {
  const words = String(text).trim().toLowerCase();
  return BY_TEXT.get(words) ?? BY_TEXT.get(words.replace(/\s+/g, ' '));
}
