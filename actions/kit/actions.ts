import type { AnyAction } from './glue/action.ts';

/** Every action by name; one is loaded when it is run. */
export const ACTIONS: Readonly<Record<string, () => Promise<AnyAction>>> = {
  'check-quality': async () => (await import('./check-quality.ts')).checkQuality,
  'check-schema-drift': async () => (await import('./check-schema-drift.ts')).checkSchemaDrift,
  'clean-staging': async () => (await import('./clean-staging.ts')).cleanStaging,
  'deploy-service': async () => (await import('./deploy-service.ts')).deployService,
  'dispatch-backfill': async () => (await import('./dispatch-backfill.ts')).dispatchBackfill,
  'post-report': async () => (await import('./post-report.ts')).postReport,
  'propose-change': async () => (await import('./propose-change.ts')).proposeChange,
  'reset-batch': async () => (await import('./reset-batch.ts')).resetBatch,
  'run-canaries': async () => (await import('./run-canaries.ts')).runCanaries,
  'verify-deployment': async () => (await import('./verify-deployment.ts')).verifyDeployment,
  'watch-schedules': async () => (await import('./watch-schedules.ts')).watchSchedules,
};
