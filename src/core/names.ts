/** The first id of an invented player; real ids stay far below. */
export const FIRST_INVENTED_PLAYER = 9_000_001;

const SUFFIX = /(?:\s|^)(?:jr|sr|ii|iii|iv|v)$/;

/**
 * The normalised form of a player's name, by which feeds without player ids are joined: NFKD to ASCII, lower case,
 * "Last, First" reordered, and tags in brackets, punctuation, generational suffix and separators dropped.
 * "Luka Dončić" becomes "lukadoncic", "Jaren Jackson Jr." becomes "jarenjackson". Empty when nothing is left.
 */
export function playerLookup(name: string): string {
  const untagged = name.replace(/\([^)]*\)/g, ' ').trim();
  const [last, first, ...more] = untagged.split(',').map((part) => part.trim());
  const isSuffix = first !== undefined && SUFFIX.test(first.toLowerCase().replace(/\./g, ''));
  const ordered =
    first === undefined || first === '' || isSuffix || more.length > 0 ? untagged : `${first} ${last}`;
  const words = ordered
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[.,'’`´]/g, '')
    .replace(/[-\s]+/g, ' ')
    .trim();
  return words.replace(SUFFIX, '').replace(/[^a-z0-9]/g, '');
}

/**
 * From a player's name in betting lines to his name in box scores, both as lookups. Three kinds: other given names and
 * spellings, full legal names, and names printed last name first without a comma.
 */
export const ALIASES: Readonly<Record<string, string>> = {
  // other given names and spellings
  alexandresarr: 'alexsarr',
  bjboston: 'brandonboston',
  bojanbogdanovich: 'bojanbogdanovic',
  cameronthomas: 'camthomas',
  camjohnson: 'cameronjohnson',
  carltoncarrington: 'bubcarrington',
  cuiyongxi: 'cuicui',
  danilogalinari: 'danilogallinari',
  gregoryjackson: 'ggjackson',
  herbjones: 'herbertjones',
  jameshuff: 'jayhuff',
  jeenathanwilliams: 'natewilliams',
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

/** The normalised name without its given name ("Shai Gilgeous-Alexander" gives "gilgeousalexander"). Undefined for a one-word name. */
export function lastLookup(fullName: string): string | undefined {
  const lookup = playerLookup(fullName);
  const first = playerLookup(fullName.trim().split(/\s+/)[0] ?? '');
  return first.length > 0 && first.length < lookup.length ? lookup.slice(first.length) : undefined;
}

/** Names that a misspelt text may have meant, closest first: those whose full spelling, or one word of it, differs by a typo or two. */
export function alikeNames(text: string, names: readonly string[]): readonly string[] {
  const target = playerLookup(text);
  if (target.length < 3) return [];
  const maxTypos = Math.max(1, Math.floor(target.length / 4));
  return names
    .map((name) => {
      const spellings = [name, ...name.split(/\s+/)].map(playerLookup);
      return { name, typos: Math.min(...spellings.map((spelling) => editDistance(target, spelling))) };
    })
    .filter(({ typos }) => typos <= maxTypos)
    .sort((a, b) => a.typos - b.typos)
    .map(({ name }) => name);
}

/** Levenshtein distance: letters to insert, delete or replace to turn one text into the other. */
export function editDistance(a: string, b: string): number {
  let before = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (before[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(changed, (before[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    before = row;
  }
  return before[b.length] ?? 0;
}
