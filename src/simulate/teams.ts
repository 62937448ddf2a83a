import { playerLookup } from '#core/names.ts';
import type { Random } from '#core/random.ts';

/** A team's time zone, as it affects tip-off times. */
export type TimeZoneBand = 'eastern' | 'central' | 'mountain' | 'pacific';

/** An invented team. Ids start at 1990000001, which no real team uses. */
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

/** Thirty invented teams, with codes that no real team uses. */
export const INVENTED_TEAMS: readonly SimulatedTeam[] = CITIES.map(([abbr, city, nickname, zone], index) => ({
  id: 1_990_000_001 + index,
  abbr,
  city,
  nickname,
  zone,
}));

const FIRST_START = [
  'Ta',
  'Ke',
  'Jo',
  'Da',
  'Ma',
  'Ly',
  'Bre',
  'Cor',
  'Zan',
  'Or',
  'Ve',
  'Ha',
  'Il',
  'Ni',
  'Ro',
  'Sa',
  'Tre',
  'Qua',
  'El',
  'Fa',
];
const FIRST_END = [
  'ven',
  'lenn',
  'rik',
  'dov',
  'mar',
  'vonn',
  'siah',
  'quin',
  'rell',
  'dric',
  'nis',
  'loé',
  'bor',
  'tavi',
  'miro',
  'šan',
];
const LAST_START = [
  'Brand',
  'Osk',
  'Hald',
  'Morv',
  'Tarr',
  'Wex',
  'Kovar',
  'Ibar',
  'Lundr',
  'Fenn',
  'Quill',
  'Sorr',
  'Vant',
  'Drav',
  'Ashb',
];
const LAST_MORE = ['Garv', 'Pell', 'Nakur', 'Zub', 'Ekwar'];
const LAST_END = [
  'vik',
  'orade',
  'wick',
  'enko',
  'imbe',
  'ström',
  'ević',
  'holt',
  'arro',
  'mere',
  'ossa',
  'ingham',
  'uš',
  'adze',
  'owley',
  'ón',
  'ande',
];
const SUFFIXES = ['Jr.', 'III', 'II'];

export interface PlayerName {
  readonly name: string;
  /** The name as printed by providers without diacritics. */
  readonly ascii: string;
  readonly lookup: string;
  readonly first: string;
  readonly last: string;
}

/**
 * Invents player names from syllables: diacritics, apostrophes, hyphens and suffixes are about as frequent as
 * in real feeds. No two names share a lookup; `twinOf` shares last name and initial on purpose.
 */
export class NameMaker {
  private readonly taken = new Set<string>();
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  /** A new, unused name. */
  next(): PlayerName {
    return this.unique(() => {
      const last = this.lastName();
      return { first: this.firstName(), last };
    });
  }

  /** A new name with the same last name and initial: abbreviated names cannot tell the pair apart. */
  twinOf(other: PlayerName): PlayerName {
    const initial = other.first.slice(0, 1);
    const starts = FIRST_START.filter((start) => start.startsWith(initial));
    return this.unique(() => ({
      first: this.random.pick(starts) + this.random.pick(FIRST_END),
      last: other.last,
    }));
  }

  private unique(draw: () => { first: string; last: string }): PlayerName {
    for (;;) {
      const { first, last } = draw();
      const suffix = this.random.chance(0.05) ? ` ${this.random.pick(SUFFIXES)}` : '';
      const name = `${first} ${last}${suffix}`;
      const lookup = playerLookup(name);
      if (this.taken.has(lookup)) continue;
      this.taken.add(lookup);
      return { name, ascii: name.normalize('NFKD').replace(/\p{M}/gu, ''), lookup, first, last };
    }
  }

  private firstName(): string {
    const name = this.random.pick(FIRST_START) + this.random.pick(FIRST_END);
    return this.random.chance(0.03) ? `De'${name}` : name;
  }

  private lastName(): string {
    const plain = (): string =>
      this.random.pick(this.random.chance(0.75) ? LAST_START : LAST_MORE) + this.random.pick(LAST_END);
    const kind = this.random.next();
    if (kind < 0.03) return `${plain()}-${plain()}`;
    return kind < 0.06 ? `O'${plain()}` : plain();
  }
}
