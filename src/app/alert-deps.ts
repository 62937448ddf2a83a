import type { DeliverDeps } from '#guard/incidents/deliver.ts';
import type { App } from './compose.ts';

/** What telling people needs, from an open app. */
export function alertDeps(app: App): DeliverDeps {
  return { state: app.state, clock: app.clock, notifier: app.notifier, fallback: app.fallback, runId: app.runId };
}
