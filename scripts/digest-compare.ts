/** Row count of a table, and a digest of every column's values. */
export interface TableDigest {
  readonly rows: number;
  readonly columns: Readonly<Record<string, string>>;
}

/** Tables by name. */
export type Digest = Readonly<Record<string, TableDigest>>;

export interface Comparison {
  /** What was compared and what differs, in sentences. */
  readonly lines: readonly string[];
  /** False when a value differs or is gone; additions do not count. */
  readonly isSame: boolean;
}

/**
 * Compares two digests. Renamed tables and columns are found by their values: a table by most of its columns,
 * a column by its digest. All empty columns look alike, so the new name of one may be guessed wrong.
 */
export function compare(before: Digest, after: Digest): Comparison {
  const lines: string[] = [];
  let [equal, differences] = [0, 0];
  const differ = (line: string): void => {
    differences += 1;
    lines.push(`DIFFERENT ${line}`);
  };
  const taken = new Set(Object.keys(after).filter((name) => name in before));
  for (const [name, table] of Object.entries(before)) {
    const found = name in after ? name : mostAlike(table, after, taken);
    const other = found === undefined ? undefined : after[found];
    if (found === undefined || other === undefined) {
      differ(`${name}: gone, with ${table.rows} rows`);
      continue;
    }
    taken.add(found);
    if (found !== name) lines.push(`renamed   ${name} is ${found}`);
    if (other.rows !== table.rows) differ(`${name}: ${table.rows} rows, now ${other.rows}`);
    const unclaimed = new Map(Object.entries(other.columns).filter(([column]) => !(column in table.columns)));
    for (const [column, digest] of Object.entries(table.columns)) {
      const now = other.columns[column];
      const renamed =
        now === undefined ? [...unclaimed].find(([, candidate]) => candidate === digest)?.[0] : undefined;
      if (renamed !== undefined) {
        unclaimed.delete(renamed);
        lines.push(`renamed   ${name}.${column} is ${renamed}`);
      }
      if (now === digest || renamed !== undefined) equal += 1;
      else
        differ(
          `${name}.${column}: ${now === undefined ? 'gone, and no new column has its values' : `${digest}, now ${now}`}`,
        );
    }
    for (const column of unclaimed.keys()) lines.push(`new       ${name}.${column}`);
  }
  for (const name of Object.keys(after)) if (!taken.has(name)) lines.push(`new       ${name}`);
  return {
    lines: [...lines, `${equal} columns equal, ${differences} differences`],
    isSame: differences === 0,
  };
}

/** The unclaimed table that shares the most column digests, at least half of them. */
function mostAlike({ columns }: TableDigest, tables: Digest, taken: ReadonlySet<string>): string | undefined {
  const digests = Object.values(columns);
  const shares = Object.entries(tables)
    .filter(([name]) => !taken.has(name))
    .map(([name, other]) => {
      const others = new Set(Object.values(other.columns));
      return { name, share: digests.filter((digest) => others.has(digest)).length / digests.length };
    });
  const best = shares.toSorted((a, b) => b.share - a.share)[0];
  return best !== undefined && best.share >= 0.5 ? best.name : undefined;
}
