import {
  meaningful,
  type NameProblem,
  type PreparedSql,
  type SqlEngine,
  tokenise,
} from '#platform/sql/port.ts';
import { offsetsOf, type Subselect, selectBlock, subselects } from './statement-parts.ts';

/** A name that no contract has. */
const ELSEWHERE = 'tipoff_renamed';
/** Aliases of outer blocks that one subselect may name. */
const MAX_OUTER_ALIASES = 10;

/**
 * Finds names that DuckDB binds silently but that BigQuery refuses or a reader misreads: a name shared by two
 * columns of a subselect (DuckDB takes the first), a select alias in the same block's WHERE, and a bare name
 * in a subselect that none of its sources has, so that it binds to the enclosing block.
 */
export class StrictNames {
  readonly #engine: SqlEngine;
  readonly #columns: ReadonlySet<string>;
  readonly #prepared = new Map<string, PreparedSql>();

  /** `columns` are the names of all columns of tables and views that the engine has. */
  constructor(engine: SqlEngine, columns: ReadonlySet<string>) {
    this.#engine = engine;
    this.#columns = columns;
  }

  /** The first such name of a statement that the engine binds. */
  async fault(sql: string): Promise<NameProblem | undefined> {
    const tokens = meaningful(tokenise(sql));
    const parts = subselects(sql, tokens);
    const firstUse = new Map<string, number>();
    for (const [at, { text }] of tokens.entries()) if (!firstUse.has(text)) firstUse.set(text, at);
    for (const part of parts) {
      const isNew = (name: string, at: number): boolean =>
        !this.#columns.has(name) && (firstUse.get(name) ?? 0) >= part.start + at;
      if (part.place !== 'value' && mayDouble(part, isNew)) {
        const double = await this.#doubledName(sql, part);
        if (double !== undefined) return double;
      }
      if (part.place === 'value' || part.place === 'after comma') {
        const outer = await this.#outerName(sql, part);
        if (outer !== undefined) return outer;
      }
    }
    const whole: Subselect = { sql, tokens, start: 0, place: 'source', prefix: '', line: 1 };
    for (const part of [whole, ...parts]) {
      const alias = await this.#aliasInWhere(part);
      if (alias !== undefined) return alias;
    }
    return undefined;
  }

  /** Statements share subselects: each text is bound once. */
  async #prepare(sql: string): Promise<PreparedSql> {
    const known = this.#prepared.get(sql) ?? (await this.#engine.prepare(sql));
    this.#prepared.set(sql, known);
    return known;
  }

  async #doubledName(sql: string, part: Subselect): Promise<NameProblem | undefined> {
    const prepared = await this.#prepare(part.prefix + part.sql);
    const columns = 'columns' in prepared ? prepared.columns : [];
    const around = sql.replace(part.sql, '');
    for (const double of columns.filter((each, i) => columns.indexOf(each) !== i)) {
      const name = new RegExp(`(?:\\b\\w+\\.)?\\b${double}\\b`, 'i').exec(around)?.[0];
      if (name === undefined) continue;
      const message = `two columns of the subselect are named ${double}`;
      return { kind: 'ambiguous_column', name, line: part.line, message };
    }
    return undefined;
  }

  async #aliasInWhere(part: Subselect): Promise<NameProblem | undefined> {
    for (const { name, without } of aliasesInWhere(part)) {
      const prepared = await this.#prepare(part.prefix + without);
      if (
        'problem' in prepared &&
        prepared.problem.kind === 'unknown_column' &&
        prepared.problem.name === name
      )
        return { ...prepared.problem, line: lineIn(part, prepared.problem) };
    }
    return undefined;
  }

  /** Binds the subselect on its own, with aliased references to outer blocks replaced by NULL. */
  async #outerName(sql: string, part: Subselect): Promise<NameProblem | undefined> {
    let text = part.sql;
    for (let tries = 0; tries <= MAX_OUTER_ALIASES; tries++) {
      const prepared = await this.#prepare(part.prefix + text);
      if ('columns' in prepared) return undefined;
      const { kind, name } = prepared.problem;
      if (kind === 'unknown_alias') {
        text = text.replace(new RegExp(`\\b${name}\\.\\w+`, 'gi'), 'NULL');
        continue;
      }
      // An alias on its own is a whole row and names its source.
      if (kind !== 'unknown_column' || name.includes('.') || new RegExp(`\\b${name}\\.`).test(sql))
        return undefined;
      const message = `no source of the subselect has ${name}: it binds to the enclosing block`;
      return { kind: 'outer_column', name, line: lineIn(part, prepared.problem), message };
    }
    return undefined;
  }
}

/** The line of a problem in the whole statement. */
function lineIn({ prefix, line }: Subselect, problem: NameProblem): number {
  return line + problem.line - prefix.split('\n').length;
}

/**
 * Whether two columns of a subselect may share a name: through stars over several sources, or a star beside a
 * name that is not new. False only when certain; this spares binding the subselect, which takes far longer.
 */
function mayDouble({ tokens }: Subselect, isNew: (name: string, at: number) => boolean): boolean {
  const { items, joins } = selectBlock(tokens);
  const stars = items.filter(({ isStar }) => isStar);
  if (stars.length === 0) return false;
  if (stars.length > 1 || (joins && items.some(({ isStar, at }) => isStar && tokens[at - 1]?.text !== '.')))
    return true;
  return items.some(({ name, at }) => name !== undefined && !isNew(name, at));
}

/**
 * Select aliases that the same block's WHERE also names, each with the SELECT up to the end of WHERE and the alias renamed.
 */
function aliasesInWhere({ sql, tokens }: Subselect): { readonly name: string; readonly without: string }[] {
  if (!tokens.some(({ upper }) => upper === 'WHERE')) return [];
  const {
    items,
    where: [where, end],
  } = selectBlock(tokens);
  const used = new Set(
    tokens.slice(where, end).flatMap(({ text }, i, all) => (all[i - 1]?.text === '.' ? [] : [text])),
  );
  const found = items.filter(({ name, isAliased }) => isAliased && name !== undefined && used.has(name));
  if (found.length === 0) return [];
  const offsets = offsetsOf(sql, tokens);
  const stop = end < tokens.length ? offsets[end] : undefined;
  return found.map(({ name = '', at }) => {
    const start = offsets[at] ?? 0;
    return { name, without: `${sql.slice(0, start)}${ELSEWHERE}${sql.slice(start + name.length, stop)}` };
  });
}
