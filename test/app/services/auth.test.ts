import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { serviceRoutes } from '#app/services/app.ts';
import { authenticator, oidcVerifier, type TokenVerifier } from '#app/services/auth.ts';
import { openapi } from '#app/services/route.ts';
import { TipoffError } from '#core/errors.ts';
import { virtualClock } from '#platform/clock.ts';
import { MORNING, players } from '#test/fakes/prediction-world.ts';
import { KEY, serviceWorlds } from './service-world.ts';

const world = serviceWorlds();
const AUDIENCE = 'https://coordinator.example';
const ACCOUNT = 'scheduler@project.example';
const READER = 'reader@project.example';
const ISSUER = 'https://accounts.google.com';
const clock = virtualClock(MORNING);
const now = Math.floor(clock.now().getTime() / 1000);

let sign: (claims: Record<string, unknown>, options?: { kid?: string; foreign?: boolean }) => Promise<string>;
let verify: TokenVerifier;
let keys: ReturnType<typeof createLocalJWKSet>;
beforeAll(async () => {
  const [own, foreign] = [await generateKeyPair('RS256'), await generateKeyPair('RS256')];
  keys = createLocalJWKSet({
    keys: [{ ...(await exportJWK(own.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }],
  });
  verify = oidcVerifier({ audience: AUDIENCE, accounts: [ACCOUNT], clock, keys });
  sign = (claims, options = {}) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: options.kid ?? 'k1' })
      .sign(options.foreign === true ? foreign.privateKey : own.privateKey);
});

const GOOD = {
  iss: ISSUER,
  aud: AUDIENCE,
  sub: '1',
  email: ACCOUNT,
  email_verified: true,
  iat: now - 10,
  exp: now + 3600,
};

describe('an identity token', () => {
  it('of an allowed account, made for this service and signed by a published key, says who calls', async () => {
    expect(await verify(await sign(GOOD))).toEqual({ kind: 'oidc', name: ACCOUNT });
  });

  it.each([
    ['another audience', { aud: 'https://elsewhere.example' }],
    ['another issuer', { iss: 'https://issuer.example' }],
    ['another account', { email: 'somebody@else.example' }],
    ['an address that was not verified', { email_verified: false }],
    ['no address', { email: undefined }],
    ['an end in the past', { exp: now - 60 }],
    ['no end', { exp: undefined }],
    ['a beginning in the future', { nbf: now + 600 }],
  ])('with %s proves nothing', async (_what, change) => {
    expect(await verify(await sign({ ...GOOD, ...change }))).toBeUndefined();
  });

  it('with a foreign signature, an unknown key, no signature or a changed payload proves nothing', async () => {
    expect(await verify(await sign(GOOD, { foreign: true }))).toBeUndefined();
    expect(await verify(await sign(GOOD, { kid: 'k2' }))).toBeUndefined();
    const [header = '', , signature = ''] = (await sign({ ...GOOD, email: 'a@b' })).split('.');
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    expect(await verify(`${header}.${encode(GOOD)}.${signature}`)).toBeUndefined();
    expect(await verify(`${encode({ alg: 'none' })}.${encode(GOOD)}.`)).toBeUndefined();
    const symmetric = await new SignJWT(GOOD)
      .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
      .sign(new TextEncoder().encode('x'.repeat(32)));
    expect(await verify(symmetric)).toBeUndefined();
    for (const nonsense of ['x', 'a.b.c', '....']) expect(await verify(nonsense)).toBeUndefined();
  });

  it('is neither right nor wrong while the keys cannot be fetched', async () => {
    const broken = oidcVerifier({
      audience: AUDIENCE,
      accounts: [ACCOUNT],
      clock,
      keys: async () => Promise.reject(new TypeError('fetch failed')),
    });
    await expect(broken(await sign(GOOD))).rejects.toMatchObject({ code: 'TIPOFF_PROVIDER_DOWN' });
  });

  it('opens the routed service, and Bearer x does not', async () => {
    const { call } = await world(players(1), { authenticate: authenticator({ verifyToken: verify }) });
    expect(
      (await call('GET', '/status', undefined, { authorization: `Bearer ${await sign(GOOD)}` })).status,
    ).toBe(200);
    for (const authorization of [
      'Bearer x',
      'Bearer ',
      'Basic eDp5',
      `Bearer ${await sign({ ...GOOD, aud: 'y' })}`,
    ]) {
      expect((await call('GET', '/status', undefined, { authorization })).status).toBe(401);
    }
  });
});

describe('an account that may only look', () => {
  it('is told apart by its address, and must be among those that may call', async () => {
    const reading = oidcVerifier({
      audience: AUDIENCE,
      accounts: [ACCOUNT, READER],
      readers: [READER],
      clock,
      keys,
    });
    expect(await reading(await sign({ ...GOOD, email: READER }))).toEqual({
      kind: 'oidc',
      name: READER,
      isReader: true,
    });
    expect(await reading(await sign(GOOD))).toEqual({ kind: 'oidc', name: ACCOUNT });
    expect(() => oidcVerifier({ audience: AUDIENCE, accounts: [ACCOUNT], readers: [READER], clock })).toThrow(
      `expected every account that may only look among those that may call, saw ${READER}`,
    );
  });

  it('gets what it asks for and the plan of a backfill, and nothing that changes anything', async () => {
    const { call, service, stored } = await world(players(2), {
      authenticate: async () => ({ kind: 'oidc', name: READER, isReader: true }),
    });
    const before = await stored();
    const refused: string[] = [];
    // Deep health leaves probes of its own; nothing else may leave anything.
    for (const { method, path } of serviceRoutes(service).filter((route) => route.path !== '/health/deep')) {
      const answer = await call(method === 'get' ? 'GET' : 'POST', path, method === 'get' ? undefined : {});
      if (answer.status === 403) refused.push(`${method} ${path} ${answer.body.code}`);
    }
    expect(refused.sort()).toEqual(
      ['/backfill', '/check-stalled', '/cleanup-staging', '/predict', '/reset', '/start'].map(
        (path) => `post ${path} TIPOFF_FORBIDDEN`,
      ),
    );
    expect(await stored()).toBe(before);
    expect((await call('GET', '/health/deep')).status).not.toBe(403);
  });
});

describe('authentication of the routes', () => {
  it('is demanded by every route but /health and /version, before the body is looked at, and nothing changes without it', async () => {
    const { call, service, stored } = await world(players(2));
    const before = await stored();
    const open: string[] = [];
    for (const { method, path } of serviceRoutes(service)) {
      const attempts: Record<string, string>[] = [
        {},
        { 'x-api-key': '' },
        { 'x-api-key': `${KEY}x` },
        { 'x-api-key': KEY.toUpperCase() },
        { 'x-api-key': 'x'.repeat(100_000) },
        { authorization: 'Bearer x' },
        { authorization: `Bearer ${KEY}x` },
        { authorization: `Basic ${KEY}` },
        { authorization: `Bearer ${KEY}`, 'x-api-key': 'x' },
      ];
      for (const headers of attempts) {
        const answer = await call(
          method === 'get' ? 'GET' : 'POST',
          `${path}?key=${KEY}`,
          method === 'get' ? undefined : '{"game_date":',
          headers,
        );
        if (answer.status === 200) open.push(path);
        else expect([path, answer.status, answer.body.code]).toEqual([path, 401, 'TIPOFF_UNAUTHORISED']);
      }
    }
    expect([...new Set(open)].sort()).toEqual(['/health', '/version']);
    expect(await stored()).toBe(before);
  });

  it('takes the key as a bearer token too', async () => {
    const { call } = await world(players(1));
    expect((await call('GET', '/status', undefined, { authorization: `Bearer ${KEY}` })).status).toBe(200);
  });

  it('is refused by a service that knows no key and no audience, or only a short key', () => {
    expect(() => authenticator({})).toThrow(TipoffError);
    expect(() => authenticator({ apiKey: 'short' })).toThrow('24 characters');
    expect(() => oidcVerifier({ audience: '', accounts: ['a'], clock })).toThrow(TipoffError);
    expect(() => oidcVerifier({ audience: 'a', accounts: [], clock })).toThrow(TipoffError);
  });

  it('leaves no secret in the log, wherever it was put', async () => {
    const { call, log, service } = await world(players(1));
    const secret = 'very-secret-value-of-a-caller';
    await call('POST', `/start?key=${secret}`, undefined, {
      'x-api-key': secret,
      authorization: `Bearer ${secret}`,
    });
    await call('POST', '/start', { mode: secret });
    await call('GET', '/status');
    service.log.info(
      {
        authorization: secret,
        headers: { 'x-api-key': secret, authorization: secret },
        config: { apiKey: secret, oidc: { token: secret } },
      },
      'x',
    );
    const text = log.join('');
    expect(log.length).toBeGreaterThan(3);
    expect(text).not.toContain(KEY);
    expect(text).not.toContain(secret);
    expect(text).toContain('[redacted]');
  });
});

describe('the OpenAPI document', () => {
  it('is served, names every route, and has a schema for every body', async () => {
    const { call, service } = await world(players(1));
    const { status, body } = await call('GET', '/openapi.json');
    expect(status).toBe(200);
    expect(body).toEqual(JSON.parse(JSON.stringify(openapi(serviceRoutes(service), '1.2.3'))));
    expect(Object.keys(body.paths).sort()).toEqual(
      [
        '/backfill',
        '/backfill/plan',
        '/backfill/{id}',
        '/batches/{id}',
        '/check-stalled',
        '/cleanup-staging',
        '/health',
        '/health/deep',
        '/metrics',
        '/openapi.json',
        '/predict',
        '/reset',
        '/start',
        '/status',
        '/version',
      ].sort(),
    );
    const start = body.paths['/start'].post;
    expect(start.requestBody.content['application/json'].schema.properties.game_date.default).toBe('TODAY');
    expect(Object.keys(start.responses)).toEqual(
      expect.arrayContaining(['200', '202', '400', '401', '409', '413', '503']),
    );
    expect(start.security).toHaveLength(2);
    expect(body.paths['/health'].get.security).toEqual([]);
  });

  it('has the structure OpenAPI 3.1 asks for: descriptions, path parameters, and no reference that leads nowhere', async () => {
    const { call } = await world(players(1));
    const { body, text } = await call('GET', '/openapi.json');
    expect(body.openapi).toMatch(/^3\.1\.\d+$/);
    expect(body.info).toEqual({ title: expect.any(String), version: expect.any(String) });
    // Schemas are written out where they are used; a reference would point into one of them and not into the document.
    expect(text).not.toContain('$ref');
    const operations = Object.entries<Record<string, Operation>>(body.paths).flatMap(([path, own]) =>
      Object.entries(own).map(([method, operation]) => ({ path, method, ...operation })),
    );
    for (const { path, method, summary, responses, parameters = [], security, requestBody } of operations) {
      expect(path, path).toMatch(/^\//);
      expect(['get', 'post']).toContain(method);
      expect(summary.length).toBeGreaterThan(5);
      for (const [status, response] of Object.entries(responses)) {
        expect(status).toMatch(/^[1-5]\d\d$/);
        expect(response.description, `${path} ${status}`).toEqual(expect.any(String));
        for (const { schema } of Object.values(response.content ?? {})) expect(schema).toBeTypeOf('object');
      }
      const named = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
      expect(parameters.map((one) => [one.name, one.in, one.required])).toEqual(
        named.map((name) => [name, 'path', true]),
      );
      for (const scheme of security.flatMap((one) => Object.keys(one)))
        expect(body.components.securitySchemes).toHaveProperty(scheme);
      if (method === 'get') expect(requestBody).toBeUndefined();
    }
    expect(new Set(operations.map(({ path, method }) => `${method} ${path}`)).size).toBe(operations.length);
  });
});

interface Operation {
  readonly summary: string;
  readonly responses: Readonly<
    Record<string, { description: string; content?: Readonly<Record<string, { schema: object }>> }>
  >;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly security: readonly Readonly<Record<string, unknown>>[];
  readonly requestBody?: object;
}
