import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parseSlate } from '#core/calendar.ts';
import { tableId } from '#core/contracts/define.ts';
import { CONTRACTS } from '#core/contracts/index.ts';
import { findingOf } from '#guard/canaries/ask.ts';
import { CATALOGUE } from '#guard/canaries/catalogue/catalogue.ts';
import { CANARY_PHASES } from '#guard/canaries/definition.ts';
import { runbook } from '#guard/canaries/runbook.ts';
import { boundedLook, paramsOf } from '#guard/canaries/statements.ts';

const statements = CATALOGUE.flatMap(({ id, look }) => ('sql' in look ? [{ id, sql: look.sql }] : []));

describe('the catalogue', () => {
  test('has at least thirty checks with names of their own, of every phase', () => {
    expect(CATALOGUE.length).toBeGreaterThanOrEqual(30);
    expect(new Set(CATALOGUE.map(({ id }) => id)).size).toBe(CATALOGUE.length);
    expect(CATALOGUE.filter(({ id }) => !/^[a-z][a-z_]+$/.test(id))).toEqual([]);
    expect(new Set(CATALOGUE.map(({ phase }) => phase))).toEqual(new Set(CANARY_PHASES));
  });

  test.each(CATALOGUE.map(({ id, finding }) => [id, finding] as const))(
    '%s says in words what it has found',
    (_id, finding) => {
      const first = { subject: 'somebody', is_bad: true, note: 'late' };
      for (const total of [1, 8]) {
        const reason = findingOf(finding, { total, bad: total, offenders: [first] });
        expect(reason).not.toMatch(/[{}|]|undefined|\.$/);
        expect(reason.split(' ').length).toBeGreaterThanOrEqual(4);
      }
    },
  );

  test.each(CATALOGUE.map(({ id, repair }) => [id, repair] as const))(
    'the repair of %s begins with a command to paste',
    (_id, repair) => {
      expect(repair).toMatch(/^(?:tipoff|gh) [a-z]/);
    },
  );

  test('holds every check that a file of its folder declares', async () => {
    const folder = 'src/guard/canaries/catalogue';
    const texts = await Promise.all(
      (await readdir(folder)).map((name) => readFile(`${folder}/${name}`, 'utf8')),
    );
    const declared = texts.flatMap((text) =>
      [...text.matchAll(/defineCanary\(\{\s*id: '(\w+)'/g)].map(([, id]) => id),
    );
    expect(CATALOGUE.map(({ id }) => id).sort()).toEqual(declared.sort());
  });

  test.each(CATALOGUE.map((canary) => [canary.id, canary] as const))(
    'the runbook of %s says what the definition says',
    async (_id, canary) => {
      expect(await readFile(canary.runbook, 'utf8'), 'run: node scripts/runbooks.ts').toBe(runbook(canary));
    },
  );

  test('a check explains others that there are, and never itself', () => {
    const ids = CATALOGUE.map(({ id }) => id);
    for (const { id, phase, explains = [] } of CATALOGUE) {
      const checks = explains.flatMap((one) => one.checks ?? []);
      expect(checks.filter((other) => other === id || !ids.includes(other))).toEqual([]);
      expect(explains.flatMap((one) => one.phases ?? [])).not.toContain(phase);
    }
  });

  test('a severity climbs: later steps are later and at least as severe', () => {
    const rank = { info: 0, warning: 1, critical: 2 };
    const broken = CATALOGUE.filter(({ severity }) =>
      severity.some((step, i) => {
        const before = severity[i - 1];
        return before !== undefined && (step.by <= before.by || rank[step.severity] < rank[before.severity]);
      }),
    );
    expect(broken.map(({ id }) => id)).toEqual([]);
  });

  test.each(statements.map(({ id, sql }) => [id, sql] as const))(
    '%s reads only the partitions it needs',
    (_id, sql) => {
      for (const table of CONTRACTS.filter(({ partition }) => partition !== undefined)) {
        const reads = new RegExp(`(?:FROM|JOIN)\\s+${tableId(table).replace('.', '\\.')}\\b`).test(sql);
        if (reads)
          expect(sql, tableId(table)).toMatch(new RegExp(`${table.partition}\\s*(?:=|>|>=|BETWEEN)\\s`));
      }
    },
  );

  test.each(statements.map(({ id, sql }) => [id, sql] as const))(
    '%s names only the parameters there are',
    (_id, sql) => {
      const named = new Set([...sql.matchAll(/@(\w+)/g)].map((match) => match[1]));
      const given = paramsOf(boundedLook(sql), 7, { slate: parseSlate('2025-01-10'), asOf: new Date(0) });
      expect(Object.keys(given).sort()).toEqual([...named].sort());
    },
  );

  test('a check without a sabotage is refused by the compiler', () => {
    const { sabotage, ...rest } = CATALOGUE[0] ?? {};
    // @ts-expect-error the sabotage is required
    const refused: (typeof CATALOGUE)[number] = rest;
    expect(sabotage).toBeDefined();
    expect('sabotage' in refused).toBe(false);
  });
});
