"""
Starts bqemulator as it is, with less work for the same answers. It wants an extension of DuckDB for geography downloaded at its
start; nothing here uses geography. It spends its time on trees of statements: it parses one statement some twenty times, rule by
rule, mostly to look at it, and copies a tree to write it as text. Here a text is parsed once: who only looks gets that tree, who
changes it a copy, and who drops it after writing writes it as it is. A translation that comes again is not made again. A dry run
asks the engine for the columns alone: BigQuery reads no rows for it either. And trees are many small objects, for which Python
looks through all of them far too often.
"""

import contextvars
import copy
import gc
import re
import sys
from functools import lru_cache

import sqlglot
from sqlglot.dialects.dialect import Dialect
from sqlglot.expressions import core

from bqemulator.api.routes import jobs
from bqemulator.cli import main
from bqemulator.jobs import executor
from bqemulator.scripting import interpreter
from bqemulator.sql.translator import SQLTranslator
from bqemulator.storage.engine import DuckDBEngine

# Functions that look at a tree of their statement, and that write their tree once, as their last use of it.
LOOK = {
    "_capture_dml_snapshots", "_detect_catalog_drop", "_detect_create_schema", "_detect_plain_create_table",
    "_detect_plain_create_view", "_dml_targets", "_extract_ddl_metadata", "_is_row_producing", "_parse_for_classification",
    "_parse_statement", "_projected_column_names", "_referenced_materialized_views", "_reject_dml_on_immutable",
    "build_catalog_schema", "detect_drop_routine",
}
WRITE = {
    "_apply_rules", "_rewrite_vars_to_params", "rewrite_aggregate_variants", "rewrite_create_table_schema_ctas",
    "rewrite_division_by_zero", "rewrite_for_row_access", "rewrite_table_refs",
}

# Notes and comments of a node are flat, and a node knows how to copy itself.
def copy_plainly(one, memo=None):
    if type(one) in (dict, list):
        return type(one)(one)
    return one.__deepcopy__({}) if isinstance(one, core.Expr) else copy.deepcopy(one)


core.deepcopy = copy_plainly

parse_one, transpile, generate = sqlglot.parse_one, sqlglot.transpile, Dialect.generate
parsed = lru_cache(512)(lambda sql, dialect, into: parse_one(sql, read=dialect, into=into))


def caller():
    return sys._getframe(2).f_code.co_name


def parse_once(sql, read=None, dialect=None, into=None, **more):
    if more or not (into is None or isinstance(into, type)):
        return parse_one(sql, read=read, dialect=dialect, into=into, **more)
    tree = parsed(sql, read or dialect, into)
    return tree if caller() in LOOK else tree.copy()


def transpile_parsed(sql, read=None, write=None, **more):
    try:
        tree = parsed(sql, read, None)
    except sqlglot.errors.SqlglotError:
        tree = None
    if tree is None or isinstance(tree, sqlglot.exp.Block):
        return transpile(sql, read=read, write=write, **more)
    return [tree.sql(write, **more)]


def generate_last(self, expression, copy=True, **more):
    return generate(self, expression, copy=copy and caller() not in WRITE, **more)


sqlglot.parse_one, sqlglot.transpile, Dialect.generate = parse_once, transpile_parsed, generate_last

translate, translations = SQLTranslator.translate, {}


def translate_once(self, sql, *, schema=None, caller=None, **more):
    about = (sql, repr(schema), caller)
    if about not in translations:
        translations[about] = translate(self, sql, schema=schema, caller=caller, **more)
    return translations[about]


SQLTranslator.translate = translate_once
executor.rewrite_table_refs = interpreter.rewrite_table_refs = lru_cache(1024)(executor.rewrite_table_refs)
executor.parse_script = interpreter.parse_script = lru_cache(256)(executor.parse_script)


# A script or a question is no statement that changes one table, whatever its tree says.
CHANGES_NOTHING = re.compile(r"\s*(?:DECLARE|SELECT)\b")
reject, capture = executor._reject_dml_on_immutable, executor._capture_dml_snapshots


def reject_change(project_id, bq_sql, ctx):
    if not CHANGES_NOTHING.match(bq_sql):
        reject(project_id, bq_sql, ctx)


async def capture_change(project_id, bq_sql, ctx):
    if not CHANGES_NOTHING.match(bq_sql):
        await capture(project_id, bq_sql, ctx)


executor._reject_dml_on_immutable, executor._capture_dml_snapshots = reject_change, capture_change

is_dry = contextvars.ContextVar("is_dry", default=False)
dry_run, fetch_arrow = jobs._dry_run_response, DuckDBEngine.fetch_arrow


async def run_dry(**asked):
    token = is_dry.set(True)
    try:
        return await dry_run(**asked)
    finally:
        is_dry.reset(token)


def fetch_columns(self, sql, parameters=None):
    return fetch_arrow(self, f"SELECT * FROM ({sql}) LIMIT 0" if is_dry.get() else sql, parameters)


jobs._dry_run_response, DuckDBEngine.fetch_arrow = run_dry, fetch_columns
DuckDBEngine._load_spatial = lambda self: None

gc.freeze()
gc.set_threshold(200_000, 50, 50)
main()
