import { type Account, accountEmail, type Installation } from './installation.ts';
import { binding } from './roles.ts';
import { exists, gcloud, type Step } from './step.ts';

/** Environments of the repository from which each account may be used; they must exist there with their protection. */
const ENVIRONMENTS: Readonly<Partial<Record<Account, readonly string[]>>> = {
  reader: ['alerts'],
  recorder: ['records'],
  writer: ['maintenance', 'production'],
  deployer: ['production'],
};

const POOL = 'tipoff';
const PROVIDER = 'github';

/** The provider's full name: what `GCP_WORKLOAD_IDENTITY_PROVIDER` is set to. */
export function providerName({ projectNumber }: Pick<Installation, 'projectNumber'>): string {
  return `projects/${projectNumber}/locations/global/workloadIdentityPools/${POOL}/providers/${PROVIDER}`;
}

/** The way of GitHub's workflows to the accounts, without a key: by repository id, and by environment. */
export function githubSteps(installation: Installation): Step[] {
  const { project, projectNumber, repositoryId } = installation;
  const at = [`--project=${project}`, '--location=global'];
  const inPool = [...at, `--workload-identity-pool=${POOL}`];
  const pool: Step = {
    title: `identity pool ${POOL}`,
    look: gcloud('iam', 'workload-identity-pools', 'describe', POOL, ...at, '--format=json'),
    stands: exists,
    make: gcloud('iam', 'workload-identity-pools', 'create', POOL, ...at, '--display-name=Tipoff'),
  };
  // Whoever takes over the name of a repository does not get its id, and no other branch gets what main may do.
  const condition = `assertion.repository_id=='${repositoryId}' && assertion.ref=='refs/heads/main'`;
  const settings = [
    '--issuer-uri=https://token.actions.githubusercontent.com',
    '--attribute-mapping=google.subject=assertion.sub,attribute.environment=assertion.environment,attribute.repository_id=assertion.repository_id',
    `--attribute-condition=${condition}`,
  ];
  const provider: Step = {
    title: `identity provider ${PROVIDER}, repository ${installation.repository} (${repositoryId}) only, from main`,
    look: gcloud(
      'iam',
      'workload-identity-pools',
      'providers',
      'describe',
      PROVIDER,
      ...inPool,
      '--format=json',
    ),
    stands: (answer) => exists(answer) && JSON.stringify(answer).includes(condition),
    make: gcloud(
      'iam',
      'workload-identity-pools',
      'providers',
      'create-oidc',
      PROVIDER,
      ...inPool,
      ...settings,
    ),
    change: gcloud(
      'iam',
      'workload-identity-pools',
      'providers',
      'update-oidc',
      PROVIDER,
      ...inPool,
      ...settings,
    ),
  };
  const usedFrom = Object.entries(ENVIRONMENTS).flatMap(([account, environments]) =>
    environments.map((environment) =>
      binding(
        `account ${accountEmail(installation, account as Account)}`,
        ['iam', 'service-accounts', accountEmail(installation, account as Account)],
        [`--project=${project}`],
        'roles/iam.workloadIdentityUser',
        `principalSet://iam.googleapis.com/projects/${projectNumber}/locations/global/workloadIdentityPools/${POOL}/attribute.environment/${environment}`,
      ),
    ),
  );
  return [pool, provider, ...usedFrom];
}
