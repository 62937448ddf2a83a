import { describe, expect, it } from 'vitest';
import { checkSchema } from '#guard/schema/check.ts';
import { codeSchema } from '#guard/schema/code-schema.ts';
import type { Schema } from '#guard/schema/model.ts';
import { openRememberingEngine } from './remembering-engine.ts';
import { ownSources, ownStatements } from './sources.ts';

const code = codeSchema();
const files = ownSources();
const statements = ownStatements();

function lacking(id: string, column: string): Schema {
  const tables = code.tables.map((table) =>
    table.id === id ? { ...table, columns: table.columns.filter(({ name }) => name !== column) } : table,
  );
  return { ...code, tables };
}

/** Whether a pull request with these files is stopped because the live table lacks a column. */
async function isStopped(changed: string[] | undefined, id: string, column: string): Promise<boolean> {
  const report = await checkSchema({
    warehouse: lacking(id, column),
    files,
    statements,
    openEngine: openRememberingEngine,
    approvals: [],
    today: '2026-11-24',
    lints: false,
    ...(changed === undefined ? {} : { changed }),
  });
  expect(report.findings.map((finding) => [finding.table, finding.column])).toEqual([[id, column]]);
  return !report.ok;
}

describe('a live table that lacks a column', () => {
  it.each([
    ['the whole code, when no change is named', undefined, true],
    ['a change of its contract', ['src/core/contracts/nba_raw.ts'], true],
    ['a change of the vocabulary of all contracts', ['src/core/contracts/define.ts'], true],
    ['a change of a processor that reads it', ['src/pipeline/analytics/game-summaries.ts'], true],
    ['no change at all', [], false],
    ['a change of the contracts of another dataset', ['src/core/contracts/nba_reference.ts'], false],
    ['a change of words', ['README.md'], false],
  ])('against %s', async (_, changed, stopped) => {
    expect(await isStopped(changed, 'nba_raw.player_box_scores', 'points')).toBe(stopped);
  });

  it('stops a change of code that works with rows of its contract', async () => {
    const writer = files.find(
      ({ path, text }) =>
        path.startsWith('src/pipeline/') && /import \{[^}]*playerBoxScores[^}]*\} from '#core/.test(text),
    );
    expect(await isStopped([writer?.path ?? 'none'], 'nba_raw.player_box_scores', 'points')).toBe(true);
  });
});
