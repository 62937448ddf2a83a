import { z } from 'zod';
import { type ActionDeps, defineAction, type ReportBody, reportBody } from '#actions/lib/action.ts';
import { number, requiredText, text } from '#actions/lib/inputs.ts';
import { main } from '#actions/lib/main.ts';
import { verifyService } from '#actions/lib/verify.ts';
import { outcome, type Verdict } from '#core/check.ts';
import { messageOf, TipoffError } from '#core/errors.ts';

const TAG = 'candidate';

const inputs = z.object({
  service: requiredText('the name of the service'),
  project: requiredText('the project on Google Cloud'),
  region: requiredText('the region of the service'),
  image: requiredText('the address of the image, with its tag or digest'),
  version: requiredText('the version that is deployed, which the service must say'),
  service_token: text(),
  wait_seconds: number(120, 0, 900),
});
type Inputs = z.output<typeof inputs>;

/** The parts of Cloud Run's description of a service that are used here. */
const description = z.looseObject({
  status: z.looseObject({
    url: z.string(),
    traffic: z
      .array(
        z.looseObject({
          revisionName: z.string(),
          percent: z.number().default(0),
          tag: z.string().optional(),
          url: z.string().optional(),
        }),
      )
      .default([]),
  }),
});
type Live = z.output<typeof description>['status'];

/** How a deployment ended. */
interface Ended {
  readonly verdict: Verdict;
  readonly summary: string;
  readonly problem?: string;
  /** The revision that serves now, if known. */
  readonly serves: string;
}

/**
 * Deploys one service: creates a revision without traffic and verifies it, then gives it all traffic and verifies it again. If
 * anything fails after the switch, traffic returns to the previous revision. A service that already serves the version is left alone.
 */
export const action = defineAction({
  name: 'deploy-service',
  title: 'Deployment',
  inputs,
  outputs: { revision: '', rolled_back: false },
  about: ({ service }) => ({ key: service, title: `Deployment of ${service}` }),
  run: async (given, deps) => {
    const ended = await deploy(given, deps);
    return {
      report: reportOf(given, ended),
      outputs: { revision: ended.serves, rolled_back: ended.verdict === 'failed' && ended.serves !== '' },
    };
  },
});

async function deploy(given: Inputs, deps: ActionDeps): Promise<Ended> {
  const { service, image, version } = given;
  const before = await describe(given, deps);
  const previous = serving(before);
  const already = await verify(given, deps, before.url, 0);
  if (already === undefined) {
    return {
      verdict: 'nothing',
      summary: `${service} serves ${version} already and is healthy in depth: nothing was deployed.`,
      serves: previous,
    };
  }
  await cloudRun(given, deps, 'deploy', service, `--image=${image}`, '--no-traffic', `--tag=${TAG}`);
  const made = (await describe(given, deps)).traffic.find(({ tag }) => tag === TAG);
  if (made?.url === undefined) {
    throw new TipoffError(
      'TIPOFF_PROVIDER',
      `expected a revision of ${service} with the tag ${TAG}, saw none`,
      {
        hint: 'Look at the service on Cloud Run; no traffic was moved.',
      },
    );
  }
  const untried = await verify(given, deps, made.url, given.wait_seconds);
  if (untried !== undefined) {
    const summary = `${made.revisionName} of ${service} is not fit and got no traffic; ${previous || 'nothing'} keeps serving`;
    return { verdict: 'failed', summary: `${summary}: ${untried}.`, problem: untried, serves: previous };
  }
  const problem = await switchToLatest(given, deps, before.url);
  if (problem === undefined) {
    return {
      verdict: 'ok',
      summary: `${service} serves ${version} as ${made.revisionName} and is healthy in depth.`,
      serves: made.revisionName,
    };
  }
  return goBack(given, deps, previous, problem);
}

/**
 * Gives the latest revision all traffic and verifies the service. Returns the problem, whether the switch or the service failed.
 * The revision is not named, because traffic pinned to a name would ignore later changes by provisioning.
 */
async function switchToLatest(given: Inputs, deps: ActionDeps, url: string): Promise<string | undefined> {
  try {
    await cloudRun(given, deps, 'services', 'update-traffic', given.service, '--to-latest');
    return await verify(given, deps, url, given.wait_seconds);
  } catch (error) {
    return messageOf(error);
  }
}

/** Returns the traffic to the previous revision. A failed roll-back is the worst result and is reported as such. */
async function goBack(given: Inputs, deps: ActionDeps, previous: string, problem: string): Promise<Ended> {
  const { service } = given;
  if (previous === '') {
    return {
      verdict: 'error',
      summary: `${service} is not right and there is no revision to go back to: ${problem}.`,
      problem,
      serves: '',
    };
  }
  try {
    await cloudRun(given, deps, 'services', 'update-traffic', service, `--to-revisions=${previous}=100`);
    return {
      verdict: 'failed',
      summary: `${service} was rolled back to ${previous}: ${problem}.`,
      problem,
      serves: previous,
    };
  } catch (error) {
    const both = `${problem}; the way back failed too: ${messageOf(error)}`;
    return {
      verdict: 'error',
      summary: `${service} is not right and could not be rolled back to ${previous}: ${both}.`,
      problem: both,
      serves: '',
    };
  }
}

function reportOf({ service, version }: Inputs, { verdict, summary, problem, serves }: Ended): ReportBody {
  return reportBody({
    verdict,
    summary,
    facts: [
      ['version', version],
      ['serves', serves || 'not known'],
    ],
    outcomes:
      problem === undefined
        ? []
        : [
            outcome({
              check: 'deployment',
              title: `Deployment of ${service}`,
              status: 'fail',
              reason: problem,
            }),
          ],
    runbook: 'docs/runbooks/actions/deploy.md',
  });
}

async function verify(
  given: Inputs,
  deps: ActionDeps,
  url: string,
  waitSeconds: number,
): Promise<string | undefined> {
  const asked = { service_url: url, service_token: given.service_token };
  const { version: expected, service } = given;
  return (await verifyService(deps, asked, { expected, service, waitSeconds })).problem;
}

async function describe(given: Inputs, deps: ActionDeps): Promise<Live> {
  const parsed = description.safeParse(await cloudRun(given, deps, 'services', 'describe', given.service));
  if (parsed.success) return parsed.data.status;
  throw new TipoffError(
    'TIPOFF_PROVIDER',
    `expected the description of ${given.service}, saw something else: ${z.prettifyError(parsed.error)}`,
    {
      hint: 'Make the service with the provisioning script first.',
    },
  );
}

/** The revision with the most traffic; empty when there is none. */
function serving({ traffic }: Live): string {
  return traffic.toSorted((a, b) => b.percent - a.percent)[0]?.revisionName ?? '';
}

function cloudRun(
  { project, region }: Inputs,
  { gcloud }: ActionDeps,
  ...command: string[]
): Promise<unknown> {
  return gcloud('run', ...command, `--project=${project}`, `--region=${region}`);
}

await main(import.meta.main, action);
