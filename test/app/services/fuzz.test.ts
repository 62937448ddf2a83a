import fc from 'fast-check';
import { expect, it } from 'vitest';
import { problemSchema } from '#app/services/problem.ts';
import { players } from '#test/fakes/prediction-world.ts';
import { fuzzBodies, HOSTILE_HEADERS } from './hostile.ts';
import { KEY, serviceWorlds } from './service-world.ts';

const world = serviceWorlds();
const PATHS = ['/start', '/check-stalled', '/reset', '/cleanup-staging', '/predict'] as const;

it('answers a thousand hostile bodies without failing, and without a key changes nothing', async () => {
  const { call, runtime, stored } = await world(players(3));
  const before = await stored();
  const seen = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...PATHS), fuzzBodies(), fc.constantFrom(...HOSTILE_HEADERS), async (path, body, headers) => {
      const answer = await call('POST', path, body, headers);
      expect(answer.status).toBe(401);
      expect(problemSchema.safeParse(answer.body).success).toBe(true);
    }),
    { numRuns: 400 },
  );
  expect(await stored()).toBe(before);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...PATHS), fuzzBodies(), async (path, body) => {
      const answer = await call('POST', path, body, { 'x-api-key': KEY });
      seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
      expect([200, 202, 400, 404, 409, 413], `${path} ${body}: ${answer.text}`).toContain(answer.status);
      if (answer.status >= 400) expect(problemSchema.safeParse(answer.body).success).toBe(true);
    }),
    { numRuns: 600 },
  );
  await runtime.settled();
  // It did get past the first check, and it did get refused.
  expect(seen.get(200)).toBeGreaterThan(10);
  expect(seen.get(400)).toBeGreaterThan(100);
  expect((await call('GET', '/status')).status).toBe(200);
});
