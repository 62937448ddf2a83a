import { z } from 'zod';
import { messageOf } from '#core/errors.ts';
import { defineAction } from './glue/define.ts';
import { gitHub } from './glue/github.ts';
import { flag, requiredText, text } from './glue/inputs.ts';
import { type Annotation, report } from './glue/report.ts';
import { askService } from './glue/service.ts';

const workflow = z.object({ id: z.number(), path: z.string(), state: z.string() });
const run = z.object({ created_at: z.string(), conclusion: z.string().nullish(), status: z.string().nullish() });
/** `canaries.yml=1.5`: the workflow must have succeeded on schedule within so many hours. */
const expectation = z.string().transform((value, context): { file: string; hours: number }[] =>
  value.split(/[\s,]+/).flatMap((part) => {
    const match = /^([\w.-]+\.ya?ml)=(\d+(?:\.\d+)?)$/.exec(part);
    if (part === '') return [];
    if (match?.[1] === undefined || match[2] === undefined) {
      context.addIssue({ code: 'custom', message: `expected file.yml=hours, saw "${part}"` });
      return [];
    }
    return [{ file: match[1], hours: Number(match[2]) }];
  }),
);

/** Turns schedules on again that GitHub has turned off, and names those whose last run is too long ago. */
export const watchSchedules = defineAction({
  name: 'watch-schedules',
  title: 'Watchdog',
  inputs: z.object({
    workflows: z.string().default('canaries.yml=1.5').pipe(expectation),
    token: requiredText('a token that may read and enable workflows'),
    enable: flag(true),
    service_url: text(),
    service_token: text(),
  }),
  outputs: { enabled: 0, silent: 0 },
  run: async (given, deps) => {
    const { context, clock } = deps;
    const github = gitHub(deps.http('GitHub'), { apiUrl: context.apiUrl, repository: context.repository ?? '', token: given.token });
    const all = await github.all('/actions/workflows', workflow, 'workflows');
    const rows: [string, string, string, string][] = [];
    const problems: Annotation[] = [];
    let [enabled, silent] = [0, 0];
    for (const { file, hours } of given.workflows) {
      const found = all.find(({ path }) => path.endsWith(`/${file}`));
      if (found === undefined) {
        silent += 1;
        rows.push([file, 'absent', '', `expected within ${hours} h`]);
        problems.push({
          level: 'error',
          title: `${file} does not exist`,
          message: 'Correct the list of the watchdog, or restore the workflow.',
        });
        continue;
      }
      // Somebody who turned a workflow off by hand meant it; inactivity is nobody's decision.
      const isAsleep = found.state === 'disabled_inactivity';
      if (isAsleep && given.enable) {
        await github.call('PUT', `/actions/workflows/${found.id}/enable`);
        enabled += 1;
        problems.push({ level: 'warning', title: `${file} was turned off by inactivity`, message: 'It is on again.' });
      }
      const last = await lastRun(github, found.id);
      const age = last === undefined ? undefined : (clock.now().getTime() - Date.parse(last)) / 3_600_000;
      const isSilent = age === undefined || age > hours;
      if (isSilent) {
        silent += 1;
        problems.push({
          level: 'error',
          title: `${file} is silent`,
          message: `${last === undefined ? 'It never succeeded on schedule' : `Last success ${last}`}; expected one within ${hours} h. State: ${found.state}.`,
        });
      }
      rows.push([file, isAsleep && given.enable ? 'enabled again' : found.state, last ?? 'never', `expected within ${hours} h`]);
    }
    const service = given.service_url === undefined ? undefined : await deepHealth(given, deps);
    if (service !== undefined && service !== 'ok')
      problems.push({ level: 'error', title: 'The coordinator is not healthy', message: service });
    const isBad = silent > 0 || (service !== undefined && service !== 'ok');
    return {
      report: report({
        key: 'watchdog',
        title: 'Watchdog',
        verdict: isBad ? 'failed' : enabled > 0 ? 'warning' : 'ok',
        summary: `${silent} of ${given.workflows.length} schedules silent, ${enabled} turned on again${service === undefined ? '' : `, coordinator ${service === 'ok' ? 'healthy' : 'not healthy'}`}.`,
        columns: ['workflow', 'state', 'last success', 'limit'],
        rows,
        annotations: problems,
        runbook: 'docs/runbooks/actions/watchdog.md',
      }),
      outputs: { enabled, silent },
    };
  },
});

async function lastRun(github: ReturnType<typeof gitHub>, id: number): Promise<string | undefined> {
  const body = await github.call('GET', `/actions/workflows/${id}/runs?event=schedule&status=success&per_page=1`);
  return z.object({ workflow_runs: z.array(run) }).parse(body).workflow_runs[0]?.created_at;
}

async function deepHealth(
  given: { service_url?: string | undefined; service_token?: string | undefined },
  deps: Parameters<typeof askService>[0],
) {
  try {
    await askService(deps, given, { method: 'GET', path: '/health/deep' });
    return 'ok';
  } catch (error) {
    return messageOf(error);
  }
}
