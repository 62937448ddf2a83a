const SUFFIX = /(?:\s|^)(?:jr|sr|ii|iii|iv|v)$/;

/**
 * The normalised form of a player's name, under which feeds that know names only are joined: NFKD to ASCII, lower case,
 * "Last, First" turned round, tags in brackets, punctuation, generational suffix and separators dropped.
 * "Luka Dončić" gives "lukadoncic", "Jaren Jackson Jr." gives "jarenjackson". Empty when nothing is left.
 */
export function playerLookup(name: string): string {
  const untagged = name.replace(/\([^)]*\)/g, ' ').trim();
  const [last, first, ...more] = untagged.split(',').map((part) => part.trim());
  const isSuffix = first !== undefined && SUFFIX.test(first.toLowerCase().replace(/\./g, ''));
  const ordered = first === undefined || first === '' || isSuffix || more.length > 0 ? untagged : `${first} ${last}`;
  const words = ordered
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[.,'’`´]/g, '')
    .replace(/[-\s]+/g, ' ')
    .trim();
  return words.replace(SUFFIX, '').replace(/[^a-z0-9]/g, '');
}
