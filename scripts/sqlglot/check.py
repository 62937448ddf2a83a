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
    """What BigQuery's analyser refuses of joins, by its documentation."""
    for join in tree.find_all(exp.Join):
        condition = join.args.get("on")
        if condition is None:
            continue
        if any(query.find(exp.Table) for query in condition.find_all(exp.Select)):
            yield "a subquery over a table in a join condition"
        if join.side and not any(is_equality(part) for part in condition.flatten() if isinstance(condition, exp.And)) and not is_equality(condition):
            yield "an outer join without an equality of columns of both sides"


def is_equality(part):
    part = part.unnest()
    if not isinstance(part, exp.EQ):
        return False
    sides = [{column.table for column in side.find_all(exp.Column)} for side in (part.left, part.right)]
    return all(sides) and not sides[0] & sides[1]


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
    # Only queries are qualified: of statements that change rows, their query.
    query = tree if isinstance(tree, exp.Query) else next(iter(tree.find_all(exp.Select)), None)
    if isinstance(tree, exp.Query):
        try:
            qualify(query.copy(), schema=schema, dialect="bigquery", validate_qualify_columns=True, quote_identifiers=False)
        except SqlglotError as error:
            yield f"columns: {str(error).splitlines()[0]}"


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
