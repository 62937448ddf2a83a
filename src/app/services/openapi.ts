import { z } from 'zod';
import { problemSchema } from './problem.ts';
import type { Route, RouteAnswer } from './route.ts';

/** Answers every protected route may give besides its own. */
export const GENERAL_ANSWERS: Readonly<Record<number, RouteAnswer>> = {
  400: { description: 'The request is not what it should be', schema: problemSchema },
  401: { description: 'The request does not prove who it is from', schema: problemSchema },
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
export function answersOf(route: Route): Readonly<Record<number, RouteAnswer>> {
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
      : { requestBody: { required: false, content: { 'application/json': { schema: jsonSchema(route.body, 'input') } } } }),
    responses: Object.fromEntries(Object.entries(answersOf(route)).map(([status, answer]) => [status, response(answer)])),
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
