import { playerLookup } from '#core/names.ts';
import type { Random } from './random.ts';

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
const FIRST_END = ['ven', 'lenn', 'rik', 'dov', 'mar', 'vonn', 'siah', 'quin', 'rell', 'dric', 'nis', 'loé', 'bor', 'tavi', 'miro', 'šan'];
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
  /** The name as providers without diacritics print it. */
  readonly ascii: string;
  readonly lookup: string;
  readonly first: string;
  readonly last: string;
}

/**
 * Invents player names from syllables: diacritics, apostrophes, hyphens and suffixes appear as often as they trouble
 * real feeds. No two names share a lookup; `twinOf` shares last name and initial on purpose.
 */
export class NameMaker {
  private readonly taken = new Set<string>();
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  /** A name nobody has yet. */
  next(): PlayerName {
    return this.unique(() => {
      const last = this.lastName();
      return { first: this.firstName(), last };
    });
  }

  /** Another player with the same last name and the same initial, the pair that abbreviated names cannot tell apart. */
  twinOf(other: PlayerName): PlayerName {
    const initial = other.first.slice(0, 1);
    const starts = FIRST_START.filter((start) => start.startsWith(initial));
    return this.unique(() => ({ first: this.random.pick(starts) + this.random.pick(FIRST_END), last: other.last }));
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
    const plain = (): string => this.random.pick(this.random.chance(0.75) ? LAST_START : LAST_MORE) + this.random.pick(LAST_END);
    const kind = this.random.next();
    if (kind < 0.03) return `${plain()}-${plain()}`;
    return kind < 0.06 ? `O'${plain()}` : plain();
  }
}
