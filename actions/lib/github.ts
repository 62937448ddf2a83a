import { TipoffError } from '#core/errors.ts';
import { systemClock } from '#platform/clock.ts';
import type { RunContext } from './context.ts';
import { retryingFetch } from './http.ts';

export interface GitHub {
  readonly octokit: ReturnType<typeof import('@actions/github').getOctokit>;
  /** The repository of this run, for every call. */
  readonly repo: { readonly owner: string; readonly repo: string };
}

/** Items per page of a list: GitHub's maximum. */
export const PAGE = { per_page: 100 } as const;

/**
 * GitHub's REST API, through its own client. Calls throw TIPOFF_PROVIDER for a refusal (with `details.status`) and
 * TIPOFF_PROVIDER_DOWN when GitHub does not answer. Throws TIPOFF_BAD_INPUT when the repository is unknown.
 */
export async function gitHub(
  { apiUrl, repository }: Pick<RunContext, 'apiUrl' | 'repository'>,
  token: string,
): Promise<GitHub> {
  const [owner = '', repo = ''] = repository?.split('/') ?? [];
  if (owner === '' || repo === '') {
    throw new TipoffError('TIPOFF_BAD_INPUT', 'expected GITHUB_REPOSITORY as owner/name, saw nothing', {
      hint: 'GitHub sets it; at a terminal leave out what asks GitHub.',
    });
  }
  const { getOctokit } = await import('@actions/github');
  const octokit = getOctokit(token, {
    baseUrl: apiUrl.replace(/\/+$/, ''),
    request: { fetch: retryingFetch('GitHub', systemClock) },
  });
  octokit.hook.error('request', (error, { method, url }) => {
    throw error.cause instanceof TipoffError ? error.cause : refused(method, url, error);
  });
  return { octokit, repo: { owner, repo } };
}

function refused(method: string, url: string, error: Error): TipoffError {
  const status = 'status' in error ? Number(error.status) : 0;
  const path = url.replace(/^https?:\/\/[^/]+/, '').split('?')[0] ?? url;
  return new TipoffError(
    'TIPOFF_PROVIDER',
    `GitHub refused ${method} ${path} with ${status}: ${error.message}`,
    {
      hint:
        status === 401
          ? 'The token is not valid: pass github.token as `token` of the step.'
          : status === 403 || status === 404
            ? 'The job may lack a permission, or the pull request comes from a fork, whose token can only read.'
            : 'Look at the request in the log of the run.',
      details: { status },
      cause: error,
    },
  );
}

/**
 * The token; undefined at a terminal, where GitHub is not called and the report says so. On GitHub a missing token is a mistake
 * in the workflow: TIPOFF_BAD_INPUT.
 */
export function tokenUnlessLocal(
  token: string | undefined,
  { isGitHub }: Pick<RunContext, 'isGitHub'>,
): string | undefined {
  if (token !== undefined || !isGitHub) return token;
  throw new TipoffError('TIPOFF_BAD_INPUT', 'token: expected a token of GitHub, saw nothing', {
    hint: 'Pass github.token as `token` of the step.',
  });
}

/** The status of a refusal; undefined for anything else. */
export function refusalStatus(error: unknown): number | undefined {
  return error instanceof TipoffError && error.code === 'TIPOFF_PROVIDER'
    ? Number(error.details['status'])
    : undefined;
}

/** True for a refusal that a missing permission explains. */
export function isPermissionProblem(error: unknown): boolean {
  return [401, 403, 404].includes(refusalStatus(error) ?? 0);
}
