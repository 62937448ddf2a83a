import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { virtualClock } from '#platform/clock.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import { runNode } from '#test/platform/run-node.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';

const PROCESSES = 4;
const TIMES = 100;

it('loses no update and hands out no claim twice between processes that start at the same moment', async () => {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'state.sqlite');
  try {
    const children = Array.from({ length: PROCESSES }, (_, i) =>
      runNode('state/increment.ts', [path, String(TIMES), `p${i}`]),
    );
    const ends = await Promise.all(children.map((child) => child.ended));
    expect(ends.map((end) => [end.code, end.stderr])).toEqual(
      Array.from({ length: PROCESSES }, () => [0, '']),
    );
    const store = openSqliteState(path, { clock: virtualClock('2025-01-10T15:00:00Z') });
    expect(await store.get('counter', 'total')).toMatchObject({
      data: { n: PROCESSES * TIMES },
      version: PROCESSES * TIMES,
    });
    expect((await store.list('counter', { idPrefix: 'by:' })).map((doc) => doc.data)).toEqual(
      Array.from({ length: PROCESSES }, () => ({ n: TIMES })),
    );
    expect(ends.reduce((sum, end) => sum + Number(end.stdout), 0)).toBe(TIMES);
    await store.close();
  } finally {
    await folder.remove();
  }
});

it('says which file it could not open', async () => {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'missing', 'state.sqlite');
  try {
    expect(() => openSqliteState(path, { clock: virtualClock('2025-01-10T15:00:00Z') })).toThrow(
      expect.objectContaining({ code: 'TIPOFF_STORAGE', message: expect.stringContaining(path) }),
    );
    expect(existsSync(path)).toBe(false);
  } finally {
    await folder.remove();
  }
});
