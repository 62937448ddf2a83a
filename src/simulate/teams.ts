/** The home clock of a team, as far as tip-off times care. */
export type TimeZoneBand = 'eastern' | 'central' | 'mountain' | 'pacific';

/** An invented team. Ids start at 1990000001, where no real team stands. */
export interface SimulatedTeam {
  readonly id: number;
  readonly abbr: string;
  readonly city: string;
  readonly nickname: string;
  readonly zone: TimeZoneBand;
}

const CITIES = [
  ['ADM', 'Aldermoor', 'Herons', 'eastern'],
  ['BVK', 'Brevik Falls', 'Lanterns', 'central'],
  ['CRL', 'Corlane', 'Foxes', 'eastern'],
  ['DUN', 'Dunmarrow', 'Anvils', 'pacific'],
  ['EVG', 'Evergate', 'Comets', 'eastern'],
  ['FYR', 'Fyrehaven', 'Salamanders', 'mountain'],
  ['GLD', 'Gladstow', 'Millers', 'central'],
  ['HZL', 'Hazelport', 'Otters', 'pacific'],
  ['IRN', 'Ironmere', 'Wardens', 'eastern'],
  ['JUN', 'Junipero Alta', 'Kestrels', 'pacific'],
  ['KLS', 'Kelsbury', 'Drummers', 'eastern'],
  ['LMR', 'Lomaré', 'Tides', 'central'],
  ['MRS', 'Marsden Bay', 'Pilots', 'eastern'],
  ['NTH', 'Northolm', 'Elks', 'mountain'],
  ['OAK', 'Oakenshire', 'Badgers', 'eastern'],
  ['PLV', 'Pellaville', 'Sparrows', 'pacific'],
  ['QRN', 'Quarrington', 'Quills', 'central'],
  ['RDV', 'Redvale', 'Rams', 'central'],
  ['SLK', 'Silkwater', 'Swifts', 'eastern'],
  ['TRB', 'Torbray', 'Titans', 'pacific'],
  ['ULM', 'Ulmstead', 'Owls', 'eastern'],
  ['VRD', 'Verdigo', 'Vipers', 'mountain'],
  ['WND', 'Windermark', 'Gales', 'central'],
  ['XAV', 'Xavira', 'Saints', 'central'],
  ['YAR', 'Yarrowby', 'Hounds', 'eastern'],
  ['ZEP', 'Zephyr Point', 'Gliders', 'pacific'],
  ['AMB', 'Amberlock', 'Bees', 'eastern'],
  ['BSK', 'Basker Hill', 'Cranes', 'central'],
  ['CNT', 'Cantora', 'Bards', 'eastern'],
  ['DRV', 'Dravenport', 'Ravens', 'mountain'],
] as const satisfies readonly (readonly [string, string, string, TimeZoneBand])[];

/** Thirty teams that do not exist, with codes that no real team uses. */
export const INVENTED_TEAMS: readonly SimulatedTeam[] = CITIES.map(([abbr, city, nickname, zone], index) => ({
  id: 1_990_000_001 + index,
  abbr,
  city,
  nickname,
  zone,
}));
