import { z } from 'zod';
import { TipoffError } from '#core/errors.ts';
import type { Caller } from './auth.ts';
import type { Trace } from './logger.ts';
import { problemSchema } from './problem.ts';

/** A request that passed authentication and whose body has the declared shape. */
export interface Call<Body = unknown> {
  readonly body: Body;
  /** Parts of the path in braces, by name. */
  readonly path: Readonly<Record<string, string>>;
  /** Absent on open routes only. */
  readonly caller: Caller | undefined;
  readonly trace: Trace;
}

export interface Reply {
  readonly status: number;
  /** A JSON document, or text for `text/plain`; nothing for 204. */
  readonly body?: unknown;
  readonly text?: string;
  /** Work that goes on when the answer has been given. It must be resumable: the process may die at any moment. */
  readonly after?: () => Promise<void>;
}

interface RouteAnswer {
  readonly description: string;
  readonly schema?: z.ZodType;
}

/** One endpoint: what it takes, what it may answer, and the work. Router and OpenAPI document are both made from it. */
export interface Route {
  readonly method: 'get' | 'post';
  /** With `{name}` for a part that varies. */
  readonly path: string;
  readonly summary: string;
  /** Answers without authentication. Only for what changes and reveals nothing. */
  readonly open?: true;
  /** A POST that changes nothing of the work: an account that may only look may ask it, as it may every GET. */
  readonly looks?: true;
  /** Recorded with caller and answer in the audit trail. */
  readonly audited?: true;
  readonly body?: z.ZodType;
  readonly answers: Readonly<Record<number, RouteAnswer>>;
  readonly handle: (call: Call) => Promise<Reply>;
}

/** Declares a route whose handler sees the type of its body schema. */
export function route<Schema extends z.ZodType>(
  definition: Omit<Route, 'handle' | 'body'> & {
    readonly body: Schema;
    readonly handle: (call: Call<z.output<Schema>>) => Promise<Reply>;
  },
): Route;
export function route(definition: Route): Route;
export function route(definition: Route): Route {
  return definition;
}

/** The methods, as HTTP spells them, that a path answers; none when it is no route. */
export function methodsOf(routes: readonly Route[], path: string): string[] {
  const parts = path.split('/');
  const fitting = routes.filter(({ path: pattern }) => {
    const expected = pattern.split('/');
    return (
      expected.length === parts.length &&
      expected.every((part, i) => (part.startsWith('{') ? parts[i] !== '' : part === parts[i]))
    );
  });
  // A path that is written out is another resource than one that fits a pattern.
  const exact = fitting.filter(({ path: pattern }) => pattern === path);
  return (exact.length > 0 ? exact : fitting).map(({ method }) => method.toUpperCase());
}

/** Throws TIPOFF_CONTRACT when two routes answer the same method and path: the router would silently use the first. */
export function checkRoutes(routes: readonly Route[]): void {
  const seen = new Set<string>();
  for (const { method, path } of routes) {
    const shape = `${method} ${path.replaceAll(/\{[^}]*\}/g, '{}')}`;
    if (seen.has(shape)) {
      throw new TipoffError('TIPOFF_CONTRACT', `two routes answer ${shape}`, {
        hint: 'Give one of them another path.',
        details: { route: shape },
      });
    }
    seen.add(shape);
  }
}

/** Answers every protected route may give besides its own. */
const GENERAL_ANSWERS: Readonly<Record<number, RouteAnswer>> = {
  400: { description: 'The request is not what it should be', schema: problemSchema },
  401: { description: 'The request does not prove who it is from', schema: problemSchema },
  403: { description: 'The account may only look', schema: problemSchema },
  413: { description: 'The body is too large', schema: problemSchema },
  500: { description: 'A permanent failure of the service or its stores', schema: problemSchema },
  503: { description: 'A store, model or provider does not answer now; try again', schema: problemSchema },
};

/** The OpenAPI 3.1 document of the routes, from the schemas that check them. */
export function openapi(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Tipoff prediction services', version },
    components: {
      securitySchemes: {
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        identityToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
      },
    },
    paths,
  };
}

/** All answers a route may give, with the general ones of protected routes. */
function answersOf(route: Route): Readonly<Record<number, RouteAnswer>> {
  return route.open === true ? route.answers : { ...GENERAL_ANSWERS, ...route.answers };
}

function operation(route: Route): object {
  const names = [...route.path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
  const parameters = names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));
  return {
    summary: route.summary,
    security: route.open === true ? [] : [{ apiKey: [] }, { identityToken: [] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            // No body at all stands for an empty document.
            required: !route.body.safeParse({}).success,
            content: { 'application/json': { schema: jsonSchema(route.body, 'input') } },
          },
        }),
    responses: Object.fromEntries(
      Object.entries(answersOf(route)).map(([status, answer]) => [status, response(answer)]),
    ),
  };
}

function response({ description, schema }: RouteAnswer): object {
  return schema === undefined
    ? { description }
    : { description, content: { 'application/json': { schema: jsonSchema(schema, 'output') } } };
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' });
  return rest;
}
