import { parseArgs } from 'node:util';
import { ERROR_CODES, messageOf, TipoffError } from '#core/errors.ts';
import { type Asked, provision } from './provision/provision.ts';
import { cloudTools } from './provision/run.ts';

const USAGE = `Usage: npm run provision -- --project ID --region REGION --repository OWNER/NAME --repository-id NUMBER [options]

Plans everything Tipoff needs in a project of Google Cloud, prints the plan, and with --yes carries it out.
What stands is left as it is, so that running it again is safe.

  --location LOCATION  where datasets, bucket and state store lie (default: the region)
  --image ADDRESS      image of services and jobs; without it they are left out
  --always-on          keep one coordinator running, with its processor, instead of starting one when somebody asks
  --operator MEMBER    who may get identity tokens for the services, for example user:ann@example.com
  --dry-run            print the plan and do nothing (default)
  --yes                carry the plan out
`;

const OPTIONS = {
  project: { type: 'string' },
  region: { type: 'string' },
  location: { type: 'string' },
  repository: { type: 'string' },
  'repository-id': { type: 'string' },
  image: { type: 'string' },
  operator: { type: 'string' },
  'always-on': { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  yes: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Parses the command line; undefined means print the usage. Throws TIPOFF_BAD_INPUT. */
function asked(args: readonly string[]): Asked | undefined {
  let values: ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];
  try {
    ({ values } = parseArgs({ args: [...args], options: OPTIONS }));
  } catch (error) {
    throw new TipoffError('TIPOFF_BAD_INPUT', messageOf(error), { hint: 'See --help.' });
  }
  if (values.help === true) return undefined;
  if (values.yes === true && values['dry-run'] === true) {
    throw new TipoffError('TIPOFF_BAD_INPUT', 'expected --yes or --dry-run, saw both', {
      hint: 'Leave one out.',
    });
  }
  const given = (name: 'project' | 'region' | 'repository' | 'repository-id'): string => {
    const value = values[name];
    if (value !== undefined) return value;
    throw new TipoffError('TIPOFF_BAD_INPUT', `expected --${name}, saw none`, { hint: 'See --help.' });
  };
  return {
    isApplied: values.yes === true,
    installation: {
      project: given('project'),
      region: given('region'),
      location: values.location ?? given('region'),
      repository: given('repository'),
      repositoryId: given('repository-id'),
      image: values.image,
      operator: values.operator,
      alwaysOn: values['always-on'] === true,
    },
  };
}

/** Exit codes as everywhere: 0 fine, 2 usage or bad input, 3 could not run. */
function main(): number {
  const tell = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  try {
    const request = asked(process.argv.slice(2));
    if (request === undefined) tell(USAGE);
    else provision(request, cloudTools(), tell);
    return 0;
  } catch (error) {
    if (!(error instanceof TipoffError)) throw error;
    process.stderr.write(`${error.code}: ${error.message}\n  ${error.hint}\n`);
    return ERROR_CODES[error.code].exit;
  }
}

process.exitCode = main();
