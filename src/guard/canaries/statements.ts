import { addDays } from '#core/calendar.ts';
import { MAX_OFFENDERS } from '#core/check.ts';
import { isTransient, TipoffError } from '#core/errors.ts';
import type { SqlParams, SqlValue, Warehouse } from '#platform/warehouse/port.ts';
import type { CheckedThing, LookInSql, Moment } from './definition.ts';

/** The byte budget shared by the checks of one run. */
export interface ByteBudget {
  /** Spends what a statement will read. Throws TIPOFF_SQL, before the statement runs, when that exceeds the rest. */
  spend(bytes: number): void;
}

/** Opens a budget of bytes. */
export function byteBudget(budgetBytes: number): ByteBudget {
  let left = budgetBytes;
  return {
    spend: (bytes) => {
      if (bytes > left) {
        throw new TipoffError(
          'TIPOFF_SQL',
          `its statement would read ${bytes} bytes, and ${left} of the ${budgetBytes} of this run are left`,
          {
            hint: 'Find the check that reads too much in nba_orchestration.canary_results, and bound its statement by its partitions.',
            details: { bytes, left },
          },
        );
      }
      left -= bytes;
    },
  };
}

/** Default days of history covered by @from. */
const WINDOW_DAYS = 7;

/** What a check found before it is judged. */
export interface Findings {
  readonly total: number;
  readonly bad: number;
  /** At most `MAX_OFFENDERS` of the things that are wrong. */
  readonly offenders: readonly CheckedThing[];
  readonly bytes: number | null;
}

/** The statements of the checks of one run. */
export interface Statements {
  /** Runs a statement. Throws what the warehouse throws, and TIPOFF_SQL when it exceeds the budget or returns too many rows. */
  look(look: LookInSql, moment: Moment): Promise<Findings>;
}

/** A statement to run, with its parameters. */
interface Asked {
  readonly look: LookInSql;
  readonly sql: string;
  readonly params: SqlParams;
  /** Bytes it reads, as estimated by the warehouse; null where reading is not billed. */
  readonly bytes: number | null;
}

type Found = PromiseSettledResult<Findings>;

/** A row of `boundedLook`. */
type LookRow = CheckedThing & { readonly total: number; readonly bad: number };

/** Maximum number of statements per query: an engine rejects a query that is too complex to plan. */
const MAX_TOGETHER = 24;

/**
 * Runs statements within a budget. Where reading is billed, statements issued in the same turn are combined into few queries,
 * because each table in a query is billed at a minimum, once however often it is named. A free dry run of each statement gives its
 * bytes and its errors beforehand. If a combined query is refused regardless, it is split in halves down to the offending statement,
 * so that no check fails because of another. A statement with its own time limit runs alone.
 */
export function statementsWithin(warehouse: Warehouse, budget: ByteBudget): Statements {
  const { dryRun } = warehouse;
  if (dryRun === undefined) return { look: async (...asked) => askAlone(warehouse, statementOf(...asked)) };
  const bytesOf = async ({ sql, params }: Asked): Promise<number> => (await dryRun(sql, params)).bytes;
  let turn: { readonly asked: Asked[]; readonly found: Promise<readonly Found[]> } | undefined;
  const nextTurn = (): NonNullable<typeof turn> => {
    const asked: Asked[] = [];
    const found = Promise.resolve().then(() => {
      turn = undefined;
      return askBilled(warehouse, asked, bytesOf, budget);
    });
    return { asked, found };
  };
  return {
    look: async (look, moment) => {
      turn ??= nextTurn();
      const { asked, found } = turn;
      const place = asked.push(statementOf(look, moment)) - 1;
      const own = (await found)[place];
      if (own?.status === 'fulfilled') return own.value;
      throw own?.reason;
    },
  };
}

function statementOf(look: LookInSql, moment: Moment): Asked {
  return {
    look,
    sql: boundedLook(look.sql, look.maxRows),
    params: paramsOf(look.sql, look.days ?? WINDOW_DAYS, moment),
    bytes: null,
  };
}

/** The findings of each statement, in order. */
async function askBilled(
  warehouse: Warehouse,
  asked: readonly Asked[],
  bytesOf: (one: Asked) => Promise<number>,
  budget: ByteBudget,
): Promise<readonly Found[]> {
  const found: Found[] = [];
  const ready: { readonly one: Asked; readonly place: number }[] = [];
  const sizes = await Promise.allSettled(asked.map(bytesOf));
  // The budget is spent in the order of the statements, whichever dry run was done first.
  for (const [place, one] of asked.entries()) {
    const size = sizes[place];
    try {
      if (size?.status !== 'fulfilled') throw size?.reason;
      budget.spend(size.value);
      ready.push({ one: { ...one, bytes: size.value }, place });
    } catch (error) {
      found[place] = { status: 'rejected', reason: error };
    }
  }
  const [alone, together] = [
    ready.filter(({ one }) => one.look.maxSeconds !== undefined),
    ready.filter(({ one }) => one.look.maxSeconds === undefined),
  ];
  const queries = alone.map((each) => [each]);
  for (let at = 0; at < together.length; at += MAX_TOGETHER)
    queries.push(together.slice(at, at + MAX_TOGETHER));
  await Promise.all(
    queries.map(async (query) => {
      const results = await askTogether(
        warehouse,
        query.map(({ one }) => one),
      );
      for (const [i, { place }] of query.entries())
        found[place] = results[i] ?? { status: 'rejected', reason: new RangeError('unreachable') };
    }),
  );
  return found;
}

/** The findings of several statements from one query, or from several queries if that is refused. */
async function askTogether(warehouse: Warehouse, some: readonly Asked[]): Promise<Found[]> {
  const [first, ...others] = some;
  if (first === undefined) return [];
  if (others.length === 0) return Promise.allSettled([askAlone(warehouse, first)]);
  try {
    const { sql, params } = togetherSql(some);
    const rows = Map.groupBy(
      await warehouse.query<LookRow & { place: number }>(sql, params),
      ({ place }) => place,
    );
    return await Promise.allSettled(some.map(async (one, i) => findingsOf(one, rows.get(i) ?? [])));
  } catch (error) {
    // Already retried: more queries would not help.
    if (isTransient(error)) return some.map(() => ({ status: 'rejected', reason: error }));
    const half = some.length >> 1;
    const halves = [some.slice(0, half), some.slice(half)];
    return (await Promise.all(halves.map((part) => askTogether(warehouse, part)))).flat();
  }
}

async function askAlone(warehouse: Warehouse, one: Asked): Promise<Findings> {
  const { maxSeconds } = one.look;
  return findingsOf(one, await warehouse.query<LookRow>(one.sql, one.params, { maxSeconds }));
}

/** Combines statements into one: rows are tagged with the position of their statement, and parameters are renamed apart. */
function togetherSql(statements: readonly { readonly sql: string; readonly params: SqlParams }[]): {
  readonly sql: string;
  readonly params: SqlParams;
} {
  const params: Record<string, SqlValue> = {};
  const parts = statements.map(({ sql, params: own }, place) => {
    const renamed = sql.replace(/@(\w+)/g, (whole, name: string) => {
      const value = own[name];
      if (value === undefined) return whole;
      params[`${name}_${place}`] = value;
      return `@${name}_${place}`;
    });
    return `SELECT ${place} AS place, CAST(subject AS STRING) AS subject, CAST(note AS STRING) AS note, is_bad, total, bad
FROM (${renamed}
) AS look_${place}`;
  });
  return { sql: `${parts.join('\nUNION ALL\n')}\nORDER BY place, is_bad DESC, subject`, params };
}

/** The statement of a check with the offenders first and the totals beside them. It counts at most one row more than `maxRows`. */
export function boundedLook(sql: string, maxRows?: number): string {
  const rows = maxRows === undefined ? sql : `SELECT * FROM (${sql}\n  ) AS every LIMIT ${maxRows + 1}`;
  return `SELECT subject, note, is_bad, total, bad
FROM (
  SELECT c.subject, c.note, COALESCE(c.is_bad, TRUE) AS is_bad, COUNT(*) OVER () AS total,
    SUM(CASE WHEN COALESCE(c.is_bad, TRUE) THEN 1 ELSE 0 END) OVER () AS bad
  FROM (${rows}
  ) AS c
) AS counted
ORDER BY is_bad DESC, subject
LIMIT ${MAX_OFFENDERS}`;
}

function findingsOf({ look: { maxRows }, bytes }: Asked, rows: readonly LookRow[]): Findings {
  const [first] = rows;
  if (maxRows !== undefined && (first?.total ?? 0) > maxRows) {
    throw new TipoffError('TIPOFF_SQL', `its statement gives more than ${maxRows} rows`, {
      hint: 'Give one row for each thing that is expected, of one slate.',
    });
  }
  return {
    total: first?.total ?? 0,
    bad: first?.bad ?? 0,
    offenders: rows.filter(({ is_bad }) => is_bad !== false),
    bytes,
  };
}

/** The parameters a statement names. */
export function paramsOf(
  sql: string,
  days: number,
  { slate, asOf }: Pick<Moment, 'slate' | 'asOf'>,
): SqlParams {
  const all = { slate, from: addDays(slate, -days), as_of: asOf.toISOString() };
  return Object.fromEntries(Object.entries(all).filter(([name]) => new RegExp(`@${name}\\b`).test(sql)));
}
