import { z } from 'zod';
import { defineAction, reportBody } from '#actions/lib/action.ts';
import { number, requiredText, text } from '#actions/lib/inputs.ts';
import { main } from '#actions/lib/main.ts';
import { verifyService } from '#actions/lib/verify.ts';
import { outcome } from '#core/check.ts';

/** Waits until a deployed service reports the expected version and is healthy in depth; red on a time-out. */
export const action = defineAction({
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
  about: ({ service }) => ({ key: service, title: `Deployment of ${service}` }),
  run: async (given, deps) => {
    const { service, expected_version: expected } = given;
    const { seenVersion, problem } = await verifyService(deps, given, {
      expected,
      service,
      waitSeconds: given.wait_seconds,
    });
    const healthy = problem === undefined;
    return {
      report: reportBody({
        verdict: healthy ? 'ok' : 'failed',
        summary: healthy
          ? `${service} serves ${seenVersion} and is healthy in depth.`
          : `${service} is not verified: ${problem}.`,
        facts: [
          ['expected', expected],
          ['seen', seenVersion],
        ],
        outcomes: healthy
          ? []
          : [
              outcome({
                check: 'deployment',
                title: `${service} is not verified`,
                status: 'fail',
                reason: problem,
              }),
            ],
        runbook: 'docs/runbooks/actions/deploy.md',
      }),
      outputs: { seen_version: seenVersion, healthy },
    };
  },
});

await main(import.meta.main, action);
