import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { TipoffError } from '#core/errors.ts';
import type { Caller } from './auth.ts';
import { backfillRoutes } from './backfill-routes.ts';
import { commonRoutes } from './common-routes.ts';
import { coordinatorRoutes } from './coordinator-routes.ts';
import { errorFacts, type Trace, traceOf } from './logger.ts';
import { badBody, type Refusal, refusal, refusalOf } from './problem.ts';
import { type Call, checkRoutes, methodsOf, openapi, type Route, route } from './route.ts';
import type { Service } from './runtime.ts';
import { addSite } from './site-routes.ts';
import { workerRoutes } from './worker-routes.ts';

/** Bytes a request body may have. */
const MAX_BODY_BYTES = 64 * 1024;
/** Audit trail of the services: who did what. Append-only. */
const AUDIT = 'service_audit';

/** Every endpoint of the roles of a service. Throws TIPOFF_CONTRACT when two of them collide. */
export function serviceRoutes(service: Service): Route[] {
  const routes = [
    ...commonRoutes(service),
    ...(service.roles.includes('coordinator')
      ? [...coordinatorRoutes(service), ...backfillRoutes(service)]
      : []),
    ...(service.roles.includes('worker') ? workerRoutes(service) : []),
  ];
  // Few ask for it, and making it takes longer than the rest of the start.
  let described: object | undefined;
  const document = route({
    method: 'get',
    path: '/openapi.json',
    summary: 'This document',
    answers: { 200: { description: 'OpenAPI 3.1' } },
    handle: async () => {
      described ??= openapi(all, service.version);
      return { status: 200, body: described };
    },
  });
  const all = [...routes, document];
  checkRoutes(all);
  return all;
}

/** What a request carries from step to step. */
interface ServiceEnv {
  readonly Variables: { caller?: Caller; trace: Trace };
}

/** The HTTP application: authentication first, then limits and schemas, then the use case. */
export function serviceApp(service: Service): Hono<ServiceEnv> {
  const { log, metrics } = service;
  const app = new Hono<ServiceEnv>();
  const routes = serviceRoutes(service);
  for (const definition of routes) {
    const path = definition.path.replaceAll(/\{([^}]+)\}/g, ':$1');
    app.on(
      definition.method.toUpperCase(),
      path,
      async (c, next) => {
        const began = performance.now();
        const trace = traceOf((name) => c.req.header(name));
        c.set('trace', trace);
        await next();
        const seconds = (performance.now() - began) / 1000;
        metrics.request(definition.path, definition.method, c.res.status, seconds);
        c.res.headers.set('cache-control', 'no-store');
        c.res.headers.set('x-content-type-options', 'nosniff');
        c.res.headers.set('x-request-id', trace.requestId);
        // Path only: a query string may contain secrets.
        const facts = {
          method: definition.method,
          path: c.req.path,
          status: c.res.status,
          ms: Math.round(seconds * 1000),
        };
        // The form in which Cloud Logging shows and filters requests.
        const httpRequest = {
          requestMethod: c.req.method,
          requestUrl: c.req.path,
          status: c.res.status,
          latency: `${seconds.toFixed(3)}s`,
        };
        log.info({ ...facts, httpRequest, ...tracedBy(trace) }, 'request');
      },
      async (c, next) => {
        if (definition.open === true) return next();
        const caller = await service.authenticate((name) => c.req.header(name));
        if (caller === undefined) return answer(c, UNAUTHORISED);
        if (caller.isReader === true && definition.method !== 'get' && definition.looks !== true)
          return answer(c, FORBIDDEN);
        c.set('caller', caller);
        service.reached?.(c.req.header('host') ?? '');
        refuseParameters(definition, Object.keys(c.req.query()));
        return next();
      },
      bodyLimit({ maxSize: MAX_BODY_BYTES, onError: (c) => answer(c, TOO_LARGE) }),
      async (c) => {
        const call: Call = {
          body: definition.body === undefined ? undefined : parsed(definition, await c.req.text()),
          path: c.req.param(),
          caller: c.get('caller'),
          trace: c.get('trace'),
        };
        const reply = await definition.handle(call).catch(async (error: unknown) => {
          await audit(service, definition, call, refusalOf(error).status);
          throw error;
        });
        // Before the audit, which may fail: the work that was started continues.
        if (reply.after !== undefined)
          service.runtime.background(`${definition.method} ${definition.path}`, reply.after);
        await audit(service, definition, call, reply.status);
        if (reply.text !== undefined) return c.text(reply.text, 200, { 'content-type': metrics.contentType });
        return c.json(reply.body, reply.status as 200);
      },
    );
  }
  if (service.site !== undefined && service.roles.includes('coordinator'))
    addSite(app, service, service.site, routes);
  app.notFound((c) => {
    const methods = methodsOf(routes, c.req.path);
    const seen = `there is no ${c.req.method} ${c.req.path}`.slice(0, 300);
    if (methods.length === 0)
      return answer(c, refusal('TIPOFF_NO_ROUTE', seen, 'GET /openapi.json lists every endpoint.'));
    c.header('allow', methods.join(', '));
    return answer(c, refusal('TIPOFF_WRONG_METHOD', seen, `Use ${methods.join(' or ')}.`));
  });
  app.onError((error, c) => {
    const refused = refusalOf(error);
    if (refused.status >= 500)
      log.error(
        { method: c.req.method, path: c.req.path, ...errorFacts(error), ...tracedBy(c.get('trace')) },
        'request failed',
      );
    return answer(c, refused);
  });
  return app;
}

const UNAUTHORISED = refusal(
  'TIPOFF_UNAUTHORISED',
  'expected a valid API key in X-API-Key or a valid identity token of an allowed account in Authorization, saw none that is valid',
  'The key of a local service lies in home.lock of its home; in the cloud send an identity token made for the address of the service.',
);
const FORBIDDEN = refusal(
  'TIPOFF_FORBIDDEN',
  'expected an account that may change something, saw one that may only look',
  'Ask with the identity of an account that is not in TIPOFF_OIDC_READERS.',
);
const TOO_LARGE = refusal(
  'TIPOFF_TOO_LARGE',
  `expected a body of at most ${MAX_BODY_BYTES} bytes, saw more`,
  'Send less: no request needs that much.',
);

function answer(
  c: { json: (body: unknown, status: 400) => Response },
  { status, problem }: Refusal,
): Response {
  return c.json(problem, status as 400);
}

/** The fields by which the lines of one request are found. */
function tracedBy({ requestId, traceId }: Trace): { readonly request_id: string; readonly trace: string } {
  return { request_id: requestId, trace: traceId };
}

/**
 * Refuses a query string: no endpoint reads one, and a caller who writes `?dry_run=true` must not trigger a real run.
 * Throws TIPOFF_BAD_INPUT.
 */
function refuseParameters({ method, path }: Route, names: readonly string[]): void {
  if (names.length === 0) return;
  throw new TipoffError(
    'TIPOFF_BAD_INPUT',
    `expected no query string, saw ${names.join(', ').slice(0, 200)}`,
    {
      hint: `${method.toUpperCase()} ${path} ${method === 'get' ? 'takes no parameters' : 'takes its fields in a JSON body'}.`,
    },
  );
}

/** The body by its schema. No body, whatever its declared type, means the defaults. */
function parsed({ body: schema, method, path }: Route, text: string): unknown {
  let json: unknown = {};
  try {
    if (text.trim() !== '') json = JSON.parse(text);
  } catch {
    throw new TipoffError('TIPOFF_BAD_INPUT', 'expected a JSON document as body, saw something else', {
      hint: 'Send JSON, or no body at all for the defaults.',
    });
  }
  const result = schema?.safeParse(json);
  if (schema !== undefined && result?.success === false)
    throw badBody(result.error, `${method.toUpperCase()} ${path}`, schema);
  return result?.data;
}

async function audit(
  { deps }: Service,
  { path, audited }: Route,
  { body, caller, trace }: Call,
  status: number,
): Promise<void> {
  if (audited !== true) return;
  const at = deps.clock.now().toISOString();
  const entry = {
    at,
    endpoint: path,
    caller: caller?.name ?? null,
    request: JSON.stringify(body),
    status,
    request_id: trace.requestId,
  };
  await deps.state.create(AUDIT, `${at}-${randomUUID()}`, entry);
}
