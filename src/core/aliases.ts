import { playerLookup } from './names.ts';

/**
 * Names under which lines list a player, to the name under which box scores do, both as lookups. Three kinds: other
 * given names and spellings, full legal names, and names printed last name first without a comma.
 */
export const ALIASES: Readonly<Record<string, string>> = {
  // other given names and spellings
  bjboston: 'brandonboston',
  bojanbogdanovich: 'bojanbogdanovic',
  cameronthomas: 'camthomas',
  camjohnson: 'cameronjohnson',
  carltoncarrington: 'bubcarrington',
  danilogalinari: 'danilogallinari',
  gregoryjackson: 'ggjackson',
  herbjones: 'herbertjones',
  jameshuff: 'jayhuff',
  joshuagiddey: 'joshgiddey',
  kenyonmartin: 'kjmartin',
  moewagner: 'moritzwagner',
  mohamedbamba: 'mobamba',
  nicholasbatum: 'nicolasbatum',
  nicolasclaxton: 'nicclaxton',
  obadiahtoppin: 'obitoppin',
  ronholland: 'ronaldholland',
  // legal names
  alfredjoelhorfordreynoso: 'alhorford',
  brookrobertlopez: 'brooklopez',
  christianjamesmccollum: 'cjmccollum',
  edricefemiadebayo: 'bamadebayo',
  ericambrosegordon: 'ericgordon',
  ishmaellarrysmith: 'ishsmith',
  kevindevonknox: 'kevinknox',
  // last name first
  grantjerami: 'jeramigrant',
  huerterkevin: 'kevinhuerter',
  lovekevin: 'kevinlove',
  morrismarcus: 'marcusmorris',
  murraydejounte: 'dejountemurray',
  richardsonjosh: 'joshrichardson',
  wembanyamavictor: 'victorwembanyama',
};

/** The lookup under which box scores list a player, for a lookup made from any feed's spelling. */
export function canonicalLookup(lookup: string): string {
  return Object.hasOwn(ALIASES, lookup) ? (ALIASES[lookup] ?? lookup) : lookup;
}

/** One letter with or without a full stop, or up to four letters with one ("Mil."). Two letters with two stops ("A.J.") are a name. */
const ABBREVIATED = /^(\p{L}|\p{L}{2,4}(?=\.))\.?\s+(.+)$/u;

/**
 * The key of a name whose given name is abbreviated: "A. Coffey" gives "a|coffey", "S Gilgeous-Alexander" gives
 * "s|gilgeousalexander", "Mil. Bridges" gives "mil|bridges". Undefined for a full name. Such a key is a candidate, not
 * an identity: it must be resolved by the team on that date, and refused when two players remain.
 */
export function initialKey(name: string): string | undefined {
  const match = ABBREVIATED.exec(name.replace(/\([^)]*\)/g, ' ').trim());
  if (match === null) return undefined;
  const last = playerLookup(match[2] ?? '');
  return last === '' ? undefined : `${playerLookup(match[1] ?? '') || (match[1] ?? '').toLowerCase()}|${last}`;
}

/** True when a full name may be the one a key abbreviates: it starts as the key says and has its last name. */
export function matchesInitialKey(key: string, fullName: string): boolean {
  const [given = '', last = ''] = key.split('|');
  const lookup = playerLookup(fullName);
  const first = playerLookup(fullName.trim().split(/\s+/)[0] ?? '');
  return first.length < lookup.length && first.startsWith(given) && lookup.slice(first.length) === last;
}
