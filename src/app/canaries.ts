import { omitUndefined } from '#core/omit-undefined.ts';
import type { Deployment } from '#guard/canaries/definition.ts';
import type { CanaryDeps } from '#guard/canaries/run.ts';
import { systemClock } from '#platform/clock.ts';
import type { App } from './compose.ts';
import type { Config } from './config.ts';

/** What the checks need, from an open app. */
export function canaryDeps(app: App): CanaryDeps {
  return {
    warehouse: app.warehouse,
    state: app.state,
    exports: app.exports,
    models: app.models,
    queue: app.queue,
    clock: app.clock,
    timer: systemClock,
    deployment: deploymentOf(app.config),
    ...(app.config.profile === 'gcp' ? { budgetBytes: app.config.gcp.canaryBytes } : {}),
  };
}

function deploymentOf(config: Config): Deployment {
  const { codeVersion, expectedVersion, missingSettings, misspeltSettings, scheduledJobs, backup, profile } =
    config;
  return {
    codeVersion,
    scheduledJobs,
    ...omitUndefined({ expectedVersion }),
    // Only the embedded home is backed up: Google Cloud keeps its own history.
    ...omitUndefined({ backup: profile === 'embedded' ? backup.place : undefined }),
    configGaps: [...missingSettings.map((name) => `${name} has no value`), ...misspeltSettings],
  };
}
