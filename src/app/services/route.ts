import type { z } from 'zod';
import { TipoffError } from '#core/errors.ts';
import type { Caller } from './auth.ts';
import type { Trace } from './trace.ts';

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

export interface RouteAnswer {
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
  /** Recorded with caller and answer in the audit trail. */
  readonly audited?: true;
  readonly body?: z.ZodType;
  readonly answers: Readonly<Record<number, RouteAnswer>>;
  readonly handle: (call: Call) => Promise<Reply>;
}

/** Declares a route whose handler sees the type of its body schema. */
export function route<Schema extends z.ZodType>(
  definition: Omit<Route, 'handle' | 'body'> & { readonly body: Schema; readonly handle: (call: Call<z.output<Schema>>) => Promise<Reply> },
): Route;
export function route(definition: Route): Route;
export function route(definition: Route): Route {
  return definition;
}

/** The methods, as HTTP spells them, that a path answers; none when it is no route. */
export function methodsOf(routes: readonly Route[], path: string): string[] {
  const parts = path.split('/');
  return routes
    .filter(({ path: pattern }) => {
      const wanted = pattern.split('/');
      return wanted.length === parts.length && wanted.every((part, i) => (part.startsWith('{') ? parts[i] !== '' : part === parts[i]));
    })
    .map(({ method }) => method.toUpperCase());
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
