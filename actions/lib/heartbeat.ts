import { outcome } from '#core/check.ts';
import { messageOf } from '#core/errors.ts';
import type { Action, ActionDeps, ReportBody } from './action.ts';

/**
 * Records the heartbeat of a scheduled action and returns its report. A heartbeat that could not be recorded becomes a warning in
 * the report, because the checks would otherwise report the job as silent.
 */
export async function withHeartbeat(
  action: Action,
  body: ReportBody,
  { context, withApp }: ActionDeps,
): Promise<ReportBody> {
  const hours = action.silentAfterHours;
  if (hours === undefined || context.eventName !== 'schedule') return body;
  try {
    const { beat } = await import('#guard/canaries/heartbeats.ts');
    const it = {
      job: action.name,
      ok: body.verdict !== 'error',
      maxSilenceSeconds: hours * 3600,
      detail: body.summary,
    };
    await withApp(action.name, (app) => beat(app, it));
    return body;
  } catch (error) {
    const unheard = outcome({
      check: 'heartbeat',
      title: 'No sign of life was left',
      status: 'fail',
      severity: 'warning',
      reason: `The run is done, but ${messageOf(error)}`,
    });
    return { ...body, outcomes: [...body.outcomes, unheard] };
  }
}
