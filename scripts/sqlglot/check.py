"""Reads statements with sqlglot as BigQuery SQL and holds their tables and columns against the contracts.

Standard input: {"tables": {"dataset.table": {"column": "TYPE"}}, "statements": [{"where": "...", "sql": "..."}]}.
Standard output: one JSON document {"read": n, "problems": [{"where": "...", "problem": "..."}]}.
"""

import json
import sys
from collections import defaultdict

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify


def join_problems(tree):
    """What BigQuery's analyser refuses of joins, by its documentation, and what DuckDB compares pair by pair (BLOCKWISE_NL_JOIN in its plan)."""
    for join in tree.find_all(exp.Join):
        condition = join.args.get("on")
        if condition is None:
            continue
        if any(query.find(exp.Table) for query in condition.find_all(exp.Select)):
            yield "a subquery over a table in a join condition"
        parts = [part.unnest() for part in (condition.flatten() if isinstance(condition, exp.And) else [condition])]
        if join.side and not any(is_equality(part) for part in parts):
            yield "an outer join without an equality of columns of both sides"
        if join.side and any(isinstance(part, exp.Or) and len({column.table for column in part.find_all(exp.Column)}) > 1 for part in parts):
            yield "an outer join with an OR over both sides, which compares every pair of rows"


def is_equality(part):
    part = part.unnest()
    if not isinstance(part, exp.EQ):
        return False
    sides = [{column.table for column in side.find_all(exp.Column)} for side in (part.left, part.right)]
    return all(sides) and not sides[0] & sides[1]


def correlation_problems(tree):
    """Subqueries that look at the row outside and that BigQuery cannot turn into a join: "not supported unless they can be de-correlated"."""
    for query in tree.find_all(exp.Select):
        if not isinstance(query.parent, (exp.Exists, exp.In, exp.Subquery)):
            continue
        if isinstance(query.parent, exp.Subquery) and isinstance(query.parent.parent, (exp.From, exp.Join)):
            continue
        own = {source.alias_or_name for inner in query.find_all(exp.Select) for source in sources_of(inner)}
        outside = {column.table for column in query.find_all(exp.Column) if column.table and column.table not in own}
        if not outside or not any(True for _ in query.find_all(exp.Table)):
            continue
        if query.args.get("limit") is not None:
            yield "a subquery over a table that looks at the row outside and has a LIMIT"
        where = query.args.get("where")
        parts = [] if where is None else list(where.this.flatten()) if isinstance(where.this, exp.And) else [where.this]
        if not any(is_equality(part) and outside & {column.table for column in part.find_all(exp.Column)} for part in parts):
            yield "a subquery over a table that looks at the row outside without an equality"


def sources_of(query):
    start = query.args.get("from") or query.args.get("from_")
    return [*([] if start is None else [start.this]), *(join.this for join in query.args.get("joins") or [])]


def schema_of(tables):
    nested = defaultdict(dict)
    for name, columns in tables.items():
        dataset, table = name.split(".")
        nested[dataset][table] = columns
    return dict(nested)


def problems_of(sql, schema, names):
    try:
        tree = parse_one(sql, read="bigquery")
    except SqlglotError as error:
        yield f"does not parse: {str(error).splitlines()[0]}"
        return
    common = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        name = f"{table.db}.{table.name}" if table.db else table.name
        if name not in names and name not in common and table.db:
            yield f"names {name}, which no contract has"
    yield from join_problems(tree)
    # Only queries are qualified: then every column names its table.
    if isinstance(tree, exp.Query):
        try:
            tree = qualify(tree, schema=schema, dialect="bigquery", validate_qualify_columns=True, quote_identifiers=False)
        except SqlglotError as error:
            yield f"columns: {str(error).splitlines()[0]}"
    yield from correlation_problems(tree)


def main():
    given = json.load(sys.stdin)
    schema, names = schema_of(given["tables"]), set(given["tables"])
    problems = [
        {"where": one["where"], "problem": problem}
        for one in given["statements"]
        for problem in problems_of(one["sql"], schema, names)
    ]
    json.dump({"read": len(given["statements"]), "problems": problems}, sys.stdout)


main()
