import { type ColumnType, type TableContract, tableId } from '#core/contracts/define.ts';
import { CONTRACTS } from '#core/contracts/index.ts';
import type { CommandUse } from '#scripts/cost/requests.ts';
import type { Account } from '#scripts/provision/installation.ts';

/** One request that came to the front. */
export interface Asked {
  readonly account: Account;
  readonly service: 'bigquery' | 'firestore' | 'pubsub' | 'storage';
  /** The call in the words of its interface: `query`, `load`, `tables.get`, `Commit`, `Publish`. */
  readonly call: string;
  /** Statement, table, topic or object. */
  readonly about: string;
  /** Why it was refused; undefined when it was let through. */
  readonly refused?: string;
  /** Documents of Firestore that it reads, writes and deletes. */
  readonly documents?: { readonly reads: number; readonly writes: number; readonly deletes: number };
  /** Tables of BigQuery that are billed, each as often as a statement names it. */
  readonly billed?: readonly string[];
}

/** Logical bytes of a value; a text is taken for sixteen. */
const WIDTHS: Readonly<Record<ColumnType, number>> = {
  ...{ INT64: 8, FLOAT64: 8, NUMERIC: 16, BOOL: 1, DATE: 8, TIMESTAMP: 8, STRING: 18 },
};

function rowBytes({ columns }: TableContract): number {
  return Object.values(columns).reduce((sum, { type }) => sum + WIDTHS[type], 0);
}

/** What was asked, added up. `rowsOf` tells how many rows tables have now. */
export async function useOf(
  asked: readonly Asked[],
  rowsOf: (tables: readonly string[]) => Promise<ReadonlyMap<string, number>>,
): Promise<CommandUse> {
  const requests = (...services: readonly Asked['service'][]): number =>
    asked.filter(({ service }) => services.includes(service)).length;
  const documents = (which: 'reads' | 'writes'): number =>
    asked.reduce((sum, one) => sum + (one.documents?.[which] ?? 0), 0);
  const read = asked.flatMap(({ billed }) => billed ?? []);
  const contracts = new Map(CONTRACTS.map((contract) => [tableId(contract), contract]));
  const stored = await rowsOf([...new Set(read)].filter((table) => contracts.has(table)));
  const bytes = read.reduce((sum, table) => {
    const contract = contracts.get(table);
    return contract === undefined ? sum : sum + (stored.get(table) ?? 0) * rowBytes(contract);
  }, 0);
  return {
    bigquery: requests('bigquery'),
    tables: read.length,
    kib: Math.round(bytes / 1024),
    firestore: requests('firestore'),
    reads: documents('reads'),
    writes: documents('writes'),
    rest: requests('pubsub', 'storage'),
    objects: asked.filter(({ service, call }) => service === 'storage' && /^(?:insert|list)$/.test(call))
      .length,
  };
}
