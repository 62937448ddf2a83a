import { deepHealth, deepHealthAnswer, healthAnswer, versionAnswer } from './health.ts';
import { type Route, route } from './route.ts';
import type { Service } from './runtime.ts';

/** Endpoints of both services. */
export function commonRoutes(service: Service): Route[] {
  const roles = [...service.roles];
  return [
    route({
      method: 'get',
      path: '/health',
      summary: 'Whether the process answers',
      open: true,
      answers: { 200: { description: 'It does', schema: healthAnswer } },
      handle: async () => ({ status: 200, body: { status: 'ok', roles } }),
    }),
    route({
      method: 'get',
      path: '/version',
      summary: 'What runs',
      open: true,
      answers: { 200: { description: 'Name and version', schema: versionAnswer } },
      handle: async () => ({
        status: 200,
        body: {
          name: 'tipoff',
          version: service.version,
          roles,
          profile: service.profile,
          node: process.versions.node,
        },
      }),
    }),
    route({
      method: 'get',
      path: '/health/deep',
      summary: 'Tests everything the service needs',
      answers: {
        200: { description: 'Every check passed', schema: deepHealthAnswer },
        503: { description: 'A check failed', schema: deepHealthAnswer },
      },
      handle: async () => {
        const body = await deepHealth(service.health);
        return { status: body.status === 'healthy' ? 200 : 503, body };
      },
    }),
    route({
      method: 'get',
      path: '/metrics',
      summary: 'Metrics as Prometheus reads them',
      answers: { 200: { description: 'Prometheus text format' } },
      handle: async () => ({ status: 200, text: await service.metrics.text() }),
    }),
  ];
}
