import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '#platform/clock.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';

it('tells a damaged file from a full disk, with the way back', async () => {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'state.sqlite');
  await writeFile(path, 'no database at all\n'.repeat(100));
  expect(() => openSqliteState(path, { clock: systemClock, retention: {} })).toThrow(
    expect.objectContaining({
      code: 'TIPOFF_INTEGRITY',
      hint: expect.stringContaining('`tipoff restore --replace`'),
    }),
  );
  await folder.remove();
});
