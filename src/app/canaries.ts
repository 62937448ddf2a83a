import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CATALOGUE } from '#guard/canaries/catalog/index.ts';
import type { Deployment } from '#guard/canaries/definition.ts';
import type { CanaryDeps } from '#guard/canaries/engine.ts';
import { type Proof, type ProofReport, prove } from '#guard/canaries/prove.ts';
import { systemClock } from '#platform/clock.ts';
import { type App, openApp } from './compose.ts';
import type { Config } from './config.ts';
import { dayDeps } from './day-deps.ts';
import { HEALTHY_AS_OF, healthyLeague, liveDays, ONE_RUN, proofSlates, settableClock } from './healthy-world.ts';

/** What the checks need, from an open app. */
export function canaryDeps(app: App): CanaryDeps {
  return {
    warehouse: app.warehouse,
    state: app.state,
    exports: app.exports,
    clock: app.clock,
    timer: systemClock,
    deployment: deploymentOf(app.config),
    ...(app.config.profile === 'gcp' ? { budgetBytes: app.config.gcp.canaryBytes } : {}),
  };
}

function deploymentOf({ codeVersion, expectedVersion, missingSettings, scheduledJobs }: Config): Deployment {
  return {
    codeVersion,
    scheduledJobs,
    ...(expectedVersion === undefined ? {} : { expectedVersion }),
    configGaps: missingSettings.map((name) => `${name} has no value`),
  };
}

/**
 * Proves the whole catalogue on a simulated league in a home of its own, which is removed afterwards: nothing of the
 * caller's data is opened.
 */
export async function proveCatalogue(
  config: Config,
  options: { readonly only?: readonly string[]; readonly say: (line: string) => void; readonly onProof?: (proof: Proof) => void },
): Promise<ProofReport> {
  const home = await mkdtemp(join(tmpdir(), 'tipoff-prove-'));
  const clock = settableClock(HEALTHY_AS_OF);
  // What runs is by definition what is deployed here: the check of the version is proven against itself.
  const own: Config = {
    ...config,
    profile: 'embedded',
    home,
    expectedVersion: config.codeVersion,
    missingSettings: [],
    scheduledJobs: [],
  };
  try {
    const app = await openApp(own, { command: 'canary prove', clock, write: options.say });
    try {
      const league = healthyLeague();
      options.say('A healthy world: a simulated league, two days lived through all phases.');
      clock.set(new Date(`${proofSlates(league)[0]}T12:00:00Z`));
      await liveDays(await dayDeps(app, 'canary prove'), { league, clock, slates: proofSlates(league), hours: ONE_RUN });
      clock.set(HEALTHY_AS_OF);
      const { only } = options;
      const chosen = only === undefined ? CATALOGUE : CATALOGUE.filter(({ id }) => only.includes(id));
      return await prove(canaryDeps(app), chosen, HEALTHY_AS_OF, options.onProof);
    } finally {
      await app.close();
    }
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
