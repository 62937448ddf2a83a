import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, describe, expect, it } from 'vitest';
import { digest } from '#scripts/digest.ts';
import { compare } from '#scripts/digest-compare.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';

const BEFORE = [
  'CREATE TABLE nba_predictions.made (slate DATE, player_id BIGINT, market VARCHAR, mean_points DOUBLE, actual_points BIGINT, made_at TIMESTAMP)',
  "INSERT INTO nba_predictions.made VALUES ('2025-01-10', 1, 'points', 20.125, 28, NULL), ('2025-01-10', 2, 'points', 0.1, NULL, NULL)",
];
const picks = (name: string, values: readonly number[], generated: string): object => ({
  kind: 'picks',
  slate: '2025-01-10',
  generated_at: generated,
  rows: values.map((value, i) => ({ player_id: i, [name]: value, record: { wins: i } })),
});

const open: { remove(): Promise<void> }[] = [];
afterEach(async () => {
  for (const folder of open.splice(0)) await folder.remove();
});

/** A home with one table and one document. */
async function homeOf(statements: readonly string[], document: object): Promise<string> {
  const folder = await temporaryFolder();
  open.push(folder);
  const home = folder.path;
  const instance = await DuckDBInstance.create(join(home, 'warehouse.duckdb'));
  const connection = await instance.connect();
  for (const statement of ['CREATE SCHEMA nba_predictions', ...statements]) await connection.run(statement);
  connection.closeSync();
  instance.closeSync();
  mkdirSync(join(home, 'objects/exports/2025-01-10'), { recursive: true });
  writeFileSync(join(home, 'objects/exports/2025-01-10/picks.json'), JSON.stringify(document));
  return home;
}

const formerHome = (): Promise<string> =>
  homeOf(BEFORE, picks('mean_points', [20.125, 7], '2025-01-10T17:00:00.000Z'));
const difference = (lines: readonly string[]): string[] =>
  lines.filter((line) => line.startsWith('DIFFERENT'));

describe('digests of two homes', () => {
  it('are the same for other names, types, order, instants and markets', async () => {
    const after = await homeOf(
      [
        'CREATE TABLE nba_predictions.made (player_id BIGINT, slate DATE, mean DOUBLE, actual DECIMAL(38, 9), market VARCHAR, made_at TIMESTAMP)',
        "INSERT INTO nba_predictions.made VALUES (2, '2025-01-10', 0.1, NULL, 'points', NULL), (1, '2025-01-10', 5, 6, 'assists', NULL)",
        "INSERT INTO nba_predictions.made VALUES (1, '2025-01-10', 20.125, 28, 'points', NULL)",
      ],
      picks('mean', [20.125, 7], '2025-01-11T09:00:00.000Z'),
    );
    const { lines, isSame } = compare(await digest(await formerHome()), await digest(after));
    expect(difference(lines)).toEqual([]);
    expect(isSame).toBe(true);
    expect(lines).toContain('renamed   nba_predictions.made.mean_points is mean');
    expect(lines).toContain('renamed   document picks: rows.mean_points is mean');
  });

  it.each([
    [
      'the last digit of a float',
      [...BEFORE, 'UPDATE nba_predictions.made SET mean_points = 20.125000000000004 WHERE player_id = 1'],
      'mean_points',
    ],
    [
      'a zero for a null',
      [...BEFORE, 'UPDATE nba_predictions.made SET actual_points = 0 WHERE player_id = 2'],
      'actual_points',
    ],
    [
      'values of two players exchanged',
      [...BEFORE, 'UPDATE nba_predictions.made SET mean_points = 20.225 - mean_points'],
      'mean_points',
    ],
    ['a row', [...BEFORE, 'DELETE FROM nba_predictions.made WHERE player_id = 2'], '1'],
    ['a column', [...BEFORE, 'ALTER TABLE nba_predictions.made DROP mean_points'], 'mean_points'],
    ['a table', [], 'made'],
  ])('differ in %s', async (_what, statements, named) => {
    const after = await homeOf(statements, picks('mean_points', [20.125, 7], '2025-01-10T17:00:00.000Z'));
    const { lines, isSame } = compare(await digest(await formerHome()), await digest(after));
    expect(isSame).toBe(false);
    expect(difference(lines).join('\n')).toContain(named);
  });

  it('differ in a value and in the order of a document', async () => {
    const other = await homeOf(BEFORE, picks('mean_points', [20.125, 7.5], '2025-01-10T17:00:00.000Z'));
    const { lines } = compare(await digest(await formerHome()), await digest(other));
    expect(difference(lines)).toHaveLength(1);
    const document = picks('mean_points', [20.125, 7], '2025-01-10T17:00:00.000Z') as {
      readonly rows: readonly object[];
    };
    const turned = await homeOf(BEFORE, { ...document, rows: document.rows.toReversed() });
    expect(
      difference(compare(await digest(await formerHome()), await digest(turned)).lines).join(),
    ).toContain('rows.place');
  });
});
