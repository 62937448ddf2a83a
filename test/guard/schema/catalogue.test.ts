import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stagedPredictions } from '#core/contracts/nba_predictions.ts';
import { checkSchema } from '#guard/schema/check.ts';
import { readCode } from '#guard/schema/code-reading.ts';
import { codeSchema } from '#guard/schema/code-schema.ts';
import { withoutValues } from '#guard/schema/dry-run.ts';
import { differencesOf } from '#guard/schema/report.ts';
import { sourceLiterals } from '#guard/schema/source-literals.ts';
import { type SourceFile, sqlCatalogue } from '#guard/schema/sql-catalogue.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';
import { openRememberingEngine } from './remembering-engine.ts';
import { ownSources, ownStatements } from './sources.ts';

const TODAY = '2026-11-24';
const code = codeSchema();
const files = ownSources();
const statements = ownStatements(files);
const input = {
  warehouse: code,
  files,
  statements,
  approvals: [],
  today: TODAY,
  openEngine: openRememberingEngine,
};
/** For what no lint of a text finds. */
const unlinted = { ...input, lints: false };
/** The statements that name a table: those that a fault in it can reach. */
const naming = (table: string) => statements.filter(({ sql }) => sql.includes(table));
/** The sources with files more, of which only those are read anew. */
const withPlanted = (...planted: SourceFile[]) => ({
  files: [...files, ...planted],
  statements: [...statements, ...sqlCatalogue(planted, [])],
});
const check = async (...planted: SourceFile[]) =>
  differencesOf(await checkSchema({ ...input, ...withPlanted(...planted) }), TODAY);
const checkUnlinted = async (...planted: SourceFile[]) =>
  differencesOf(await checkSchema({ ...unlinted, ...withPlanted(...planted) }), TODAY);

describe('literals of a source file', () => {
  it('are found between comments, regular expressions and nested templates', () => {
    const text =
      "// 'not'\nconst A = 'one'; /* `not` */\nconst B: string = `two HOLE{list.map((x) => `in HOLE{x}`).join(', ')} end`;\nconst C = /[`'\"/]/.test('three');".replaceAll(
        'HOLE',
        '$',
      );
    expect(
      sourceLiterals(text).map(({ parts, holes, line, name }) => ({
        parts,
        holes: holes.length,
        line,
        name,
      })),
    ).toEqual([
      { parts: ['one'], holes: 0, line: 2, name: 'A' },
      { parts: ['two ', ' end'], holes: 1, line: 3, name: 'B' },
      { parts: ['in ', ''], holes: 1, line: 3, name: undefined },
      { parts: [', '], holes: 0, line: 3, name: undefined },
      { parts: ['three'], holes: 0, line: 4, name: undefined },
    ]);
  });
});

describe('the SQL of this repository', () => {
  const texts = statements;

  it('names only what the contracts have, stays portable, and fills every column it promises', async () => {
    expect(await check()).toEqual([]);
  });

  it('is found with its owners', () => {
    const owners = new Set(texts.map(({ owner }) => owner));
    for (const owner of [
      'processor MLFeatureStore',
      'grading',
      'canary team_totals',
      'export slate-documents',
      'model/training-set',
      'view current_predictions',
    ]) {
      expect(owners).toContain(owner);
    }
    expect(texts.filter(({ isWhole }) => isWhole).length).toBeGreaterThan(100);
    const paths = new Set(files.map(({ path }) => path));
    expect(
      texts.filter(({ path }) => !paths.has(path)).map(({ owner, path }) => `${owner}: ${path}`),
    ).toEqual([]);
  });

  it('is known to the last character, but for what is put around statements or tables of others', () => {
    const partial = texts.filter(({ isWhole }) => !isWhole).map(({ path }) => path);
    expect([...new Set(partial)].sort()).toEqual([
      'src/app/reading/query.ts',
      'src/guard/canaries/catalogue/operations.ts',
      'src/guard/canaries/prove.ts',
      'src/guard/canaries/statements.ts',
      'src/guard/drills/catalogue/batch.ts',
      'src/guard/drills/catalogue/operations.ts',
      'src/guard/drills/drill.ts',
      'src/pipeline/batch/published-rows.ts',
      'src/pipeline/processor.ts',
    ]);
  });

  it('is accepted by the engine, every statement', async () => {
    const reading = await readCode({
      statements,
      wanted: code,
      earlier: [],
      openEngine: openRememberingEngine,
    });
    reading.close();
    const refused = reading.statements.filter(({ text, problem }) => text.isWhole && problem !== undefined);
    expect(refused.map(({ text, problem }) => `${text.owner}: ${problem?.message}`)).toEqual([]);
  });

  it('says who reads and writes a column', async () => {
    const reading = await readCode({
      statements,
      wanted: code,
      earlier: [],
      openEngine: openRememberingEngine,
    });
    try {
      const found = await reading.judge((usage) => ({
        rowIds: usage.readers('nba_analytics.player_game_summary', 'raw_row_id'),
        writers: usage.writers('nba_analytics.player_game_summary', 'raw_row_id'),
        predictions: usage.readers('nba_predictions.player_prop_predictions', 'predicted'),
        divisions: usage.readersOf('fn.safe_div'),
      }));
      expect(found.rowIds).toContain('pipeline/refresh');
      expect(found.rowIds).not.toContain('grading');
      expect(found.writers).toEqual(['PlayerGameSummary']);
      expect(found.predictions).toContain('grading');
      expect(found.divisions).toContain('processor MLFeatureStore');
    } finally {
      reading.close();
    }
  });
});

describe('a fault in the code', () => {
  const canary = (sql: string): SourceFile => ({
    path: 'src/guard/canaries/catalogue/planted.ts',
    text: `export const planted = { id: 'planted', look: { sql: \`\n${sql}\` } };\n`,
  });

  it('in a canary that queries a missing column is told with file and line', async () => {
    expect(
      await checkUnlinted(
        canary(
          'SELECT prediction_id AS subject, COUNT(*) = 0 AS is_bad\nFROM nba_predictions.player_prop_predictions WHERE slate = CAST(@slate AS DATE) AND line_source IS NULL GROUP BY prediction_id',
        ),
      ),
    ).toMatchObject([
      {
        kind: 'unknown_column',
        column: 'line_source',
        path: 'src/guard/canaries/catalogue/planted.ts',
        line: 3,
        message: expect.stringContaining('canary planted'),
      },
    ]);
  });

  it('in a canary that queries a missing table is told', async () => {
    expect(await checkUnlinted(canary('SELECT 1 AS subject FROM nba_raw.boxes'))).toMatchObject([
      { kind: 'unknown_table', table: 'nba_raw.boxes' },
    ]);
  });

  it('in a processor is told on the line of its file that has the name', async () => {
    const wanted = {
      ...code,
      tables: code.tables.map((table) =>
        table.id === 'nba_raw.shots'
          ? { ...table, columns: table.columns.filter(({ name }) => name !== 'opponent_abbr') }
          : table,
      ),
    };
    const report = await checkSchema({
      ...unlinted,
      warehouse: wanted,
      wanted,
      statements: naming('nba_raw.shots'),
    });
    const found = differencesOf(report, TODAY, files).filter(({ kind }) => kind === 'unknown_column');
    expect(found.length).toBeGreaterThan(0);
    for (const { path, line } of found) {
      expect(files.find((file) => file.path === path)?.text.split('\n')[(line ?? 0) - 1]).toMatch(
        /\bopponent_abbr\b/,
      );
    }
  });

  it('in a statement outside of the portable subset is told, unless the text is left to who lints it', async () => {
    const planted = canary(
      'SELECT CONCAT(team_abbr, game_id) AS subject FROM nba_analytics.team_game_summary',
    );
    expect(await check(planted)).toMatchObject([{ kind: 'sql_concat' }]);
    expect(await checkUnlinted(planted)).toEqual([]);
  });

  it('in a table that is late is told on the line of its contract', async () => {
    const warehouse = {
      ...code,
      tables: code.tables.map((table) =>
        table.id === 'nba_raw.shots'
          ? { ...table, columns: table.columns.filter(({ name }) => name !== 'zone') }
          : table,
      ),
    };
    const path = 'src/core/contracts/nba_raw.ts';
    const [late] = differencesOf(await checkSchema({ ...unlinted, warehouse }), TODAY, files);
    expect(late).toMatchObject({ table: 'nba_raw.shots', column: 'zone', path });
    expect(files.find((file) => file.path === path)?.text.split('\n')[(late?.line ?? 0) - 1]).toMatch(
      /^\s+zone: /,
    );
  });

  it('in a column that nobody writes is told with its readers', async () => {
    const [first, ...rest] = code.tables;
    if (first === undefined) throw new Error('there are contracts');
    const orphan = {
      name: 'orphan_of_all',
      type: 'INT64',
      mode: 'NULLABLE',
      description: 'nobody writes it',
      writer: 'ingest',
    } as const;
    const wanted = { ...code, tables: [{ ...first, columns: [...first.columns, orphan] }, ...rest] };
    const planted = {
      path: 'src/pipeline/planted.ts',
      text: `export const Q = 'SELECT orphan_of_all FROM ${first.id}';`,
    };
    const report = await checkSchema({
      ...unlinted,
      warehouse: wanted,
      wanted,
      ...withPlanted(planted),
    });
    expect(differencesOf(report, TODAY)).toMatchObject([
      {
        kind: 'no_writer',
        table: first.id,
        column: 'orphan_of_all',
        message: expect.stringContaining('read by pipeline/planted'),
      },
    ]);
  });

  it('in a processor that writes more or less than its contract is told', async () => {
    const table = code.tables.find(({ id }) => id === 'nba_analytics.team_game_summary');
    const written = table?.columns.flatMap(({ name }) => (name === 'won' ? [] : [name])) ?? [];
    const changed = statements.map((text) =>
      text.owner === 'processor TeamGameSummary'
        ? {
            ...text,
            sql: `SELECT t.*, 1 AS extra FROM (SELECT ${written.join(', ')} FROM nba_analytics.team_game_summary) AS t`,
          }
        : text,
    );
    const report = await checkSchema({ ...unlinted, statements: changed });
    const kinds = report.code.provenance.map(({ kind, column }) => `${kind} ${column}`);
    expect(kinds.sort()).toEqual(['not_in_contract extra', 'required_not_written won']);
  });
});

describe('every whole statement of the code', () => {
  let warehouse: Warehouse;
  beforeAll(async () => {
    warehouse = await openWarehouse();
    await warehouse.createTable(stagedPredictions);
  });
  afterAll(() => warehouse.close());

  it('that changes rows is planned by the engine', async () => {
    const changes = statements.filter(
      ({ sql, isWhole }) => isWhole && /^\s*(?:INSERT|UPDATE|DELETE|MERGE)\s/.test(sql),
    );
    expect(changes.length).toBeGreaterThan(2);
    const refused: string[] = [];
    for (const { sql, owner } of changes) {
      // The tables are empty, so that carrying a statement out is planning it; a value that is missing is no fault of the text.
      await warehouse.execute(sql, withoutValues(sql)).catch((error: unknown) => {
        if (!/NOT NULL constraint/.test(String(error))) refused.push(`${owner}: ${String(error)}`);
      });
    }
    expect(refused).toEqual([]);
  });

  it('that selects is planned by the engine', async () => {
    const selects = statements.filter(({ sql, isWhole }) => isWhole && /^\s*(?:SELECT|WITH)\s/.test(sql));
    expect(selects.length).toBeGreaterThan(80);
    const refused: string[] = [];
    for (const { sql, owner } of selects) {
      await warehouse
        .query(`SELECT COUNT(*) AS n FROM (${sql}\n) AS planned WHERE FALSE`, withoutValues(sql))
        .catch((error: unknown) => refused.push(`${owner}: ${String(error)}`));
    }
    expect(refused).toEqual([]);
  });
});
