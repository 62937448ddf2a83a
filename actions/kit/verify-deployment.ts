import { z } from 'zod';
import { messageOf } from '#core/errors.ts';
import { defineAction } from './glue/define.ts';
import { number, requiredText, text } from './glue/inputs.ts';
import { report } from './glue/report.ts';
import { askService } from './glue/service.ts';

const version = z.looseObject({ code_version: z.string().optional(), version: z.string().optional() });

/** Waits until a deployed service says the version that was meant and is healthy in depth; red when it does not in time. */
export const verifyDeployment = defineAction({
  name: 'verify-deployment',
  title: 'Deployment',
  inputs: z.object({
    service: requiredText('the name of the service'),
    service_url: requiredText('the address of the deployed revision'),
    service_token: text(),
    expected_version: requiredText('the version that was deployed'),
    wait_seconds: number(120, 0, 900),
  }),
  outputs: { seen_version: '', healthy: false },
  run: async (given, deps) => {
    const { clock } = deps;
    const until = clock.now().getTime() + given.wait_seconds * 1000;
    let [seen, problem] = ['', 'it was not asked'];
    for (;;) {
      try {
        const said = (await askService(deps, given, { method: 'GET', path: '/version' })).read(version);
        seen = said.code_version ?? said.version ?? '';
        if (seen === given.expected_version) {
          await askService(deps, given, { method: 'GET', path: '/health/deep' });
          problem = '';
        } else problem = `expected version ${given.expected_version}, saw "${seen}"`;
      } catch (error) {
        problem = messageOf(error);
      }
      if (problem === '' || clock.now().getTime() >= until) break;
      await clock.sleep(Math.min(5000, Math.max(1, until - clock.now().getTime())));
    }
    const healthy = problem === '';
    return {
      report: report({
        key: `deploy:${given.service}`,
        title: `Deployment of ${given.service}`,
        verdict: healthy ? 'ok' : 'failed',
        summary: healthy ? `${given.service} serves ${seen} and is healthy in depth.` : `${given.service} is not verified: ${problem}.`,
        facts: [
          ['expected', given.expected_version],
          ['seen', seen],
        ],
        annotations: healthy ? [] : [{ level: 'error', title: `${given.service} is not verified`, message: problem }],
        runbook: 'docs/runbooks/actions/deploy.md',
      }),
      outputs: { seen_version: seen, healthy },
    };
  },
});
