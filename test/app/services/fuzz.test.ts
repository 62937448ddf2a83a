import fc from 'fast-check';
import { expect, it } from 'vitest';
import { problemSchema } from '#app/services/problem.ts';
import { players } from '#test/fakes/prediction-world.ts';
import { FUZZED_FIELDS, fuzzBodies, HOSTILE_HEADERS } from './hostile.ts';
import { KEY, serviceWorlds } from './service-world.ts';

const world = serviceWorlds();
const PATHS = [
  '/start',
  '/check-stalled',
  '/reset',
  '/cleanup-staging',
  '/predict',
  '/backfill',
  '/backfill/plan',
] as const;
/** `TIPOFF_FUZZ_BODIES=10000 npx vitest run test/app/services/fuzz.test.ts` for more of them. */
const BODIES = Number(process.env['TIPOFF_FUZZ_BODIES'] ?? 1000);

it('knows every endpoint that takes a body, and every field of each', async () => {
  const { call } = await world(players(1));
  const paths: Record<
    string,
    { post?: { requestBody?: { content: Record<string, { schema: { properties?: object } }> } } }
  > = (await call('GET', '/openapi.json')).body.paths;
  const withBody = Object.entries(paths).filter(([, { post }]) => post?.requestBody !== undefined);
  expect(withBody.map(([path]) => path).sort()).toEqual([...PATHS].sort());
  const names = withBody.flatMap(([, { post }]) =>
    Object.keys(post?.requestBody?.content['application/json']?.schema.properties ?? {}),
  );
  expect(FUZZED_FIELDS).toEqual(expect.arrayContaining(names));
  expect(names.length).toBeGreaterThan(20);
});

it('answers hostile bodies without failing, and without a key changes nothing', async () => {
  const { call, runtime, stored } = await world(players(3));
  const before = await stored();
  const seen = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...PATHS),
      fuzzBodies(),
      fc.constantFrom(...HOSTILE_HEADERS),
      async (path, body, headers) => {
        const answer = await call('POST', path, body, headers);
        expect(answer.status).toBe(401);
        expect(problemSchema.safeParse(answer.body).success).toBe(true);
      },
    ),
    { numRuns: Math.round(BODIES * 0.4) },
  );
  expect(await stored()).toBe(before);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...PATHS), fuzzBodies(), async (path, body) => {
      const answer = await call('POST', path, body, { 'x-api-key': KEY });
      seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
      // The one 5xx a body can bring about: this world has nothing a backfill could plan with.
      const declared = path === '/backfill/plan' ? [200, 400, 413, 503] : [200, 202, 400, 404, 409, 413];
      expect(declared, `${path} ${body}: ${answer.text}`).toContain(answer.status);
      if (answer.status >= 400) expect(problemSchema.safeParse(answer.body).success).toBe(true);
    }),
    { numRuns: Math.round(BODIES * 0.6) },
  );
  await runtime.idle();
  // It did get past the first check, and it did get refused.
  expect(seen.get(200)).toBeGreaterThan(10);
  expect(seen.get(400)).toBeGreaterThan(100);
  expect((await call('GET', '/status')).status).toBe(200);
  // Hundreds of hostile bodies are sent, one after another.
}, 600_000);
