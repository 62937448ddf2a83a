import { z } from 'zod';
import { TipoffError } from '#core/errors.ts';
import type { RunContext } from './context.ts';
import type { Answer, Http } from './http.ts';

const PAGE = 100;

export interface GitHub {
  /** One call below `/repos/<owner>/<name>`; answers of 400 and above throw. */
  call(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
  /** As `call`, but an absent thing is undefined. */
  find(path: string): Promise<unknown>;
  /** Every item of a list, page by page. */
  all<S extends z.ZodType>(path: string, item: S, within?: string): Promise<z.output<S>[]>;
}

const refusal = z.object({ message: z.string() });

/**
 * The parts of GitHub's REST API that actions use. Throws TIPOFF_PROVIDER for a refusal (`details.status` has the number),
 * TIPOFF_PROVIDER_DOWN when GitHub does not answer.
 */
export function gitHub(
  http: Http,
  { apiUrl, repository, token }: { apiUrl: string; repository: string; token: string },
): GitHub {
  const root = `${apiUrl.replace(/\/+$/, '')}/repos/${repository}`;
  const headers = { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' };
  const ask = (
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
  ): Promise<Answer> =>
    http({ method, url: `${root}${path}`, token, headers, ...(body === undefined ? {} : { body }) });
  const call: GitHub['call'] = async (method, path, body) => {
    const answer = await ask(method, path, body);
    if (answer.status >= 400) throw refused(method, path, answer);
    return answer.body;
  };
  return {
    call,
    find: async (path) => {
      const answer = await ask('GET', path);
      if (answer.status === 404) return undefined;
      if (answer.status >= 400) throw refused('GET', path, answer);
      return answer.body;
    },
    all: async (path, item, within) => {
      const found: z.output<typeof item>[] = [];
      for (let page = 1; ; page++) {
        const body = await call(
          'GET',
          `${path}${path.includes('?') ? '&' : '?'}per_page=${PAGE}&page=${page}`,
        );
        const list =
          within === undefined ? body : z.looseObject({ [within]: z.unknown() }).parse(body)[within];
        const items = z.array(item).parse(list);
        found.push(...items);
        if (items.length < PAGE) return found;
      }
    },
  };
}

function refused(method: string, path: string, { status, body }: Answer): TipoffError {
  const words = refusal.safeParse(body).data?.message ?? 'without a word';
  return new TipoffError(
    'TIPOFF_PROVIDER',
    `GitHub refused ${method} ${path.split('?')[0] ?? path} with ${status}: ${words}`,
    {
      hint:
        status === 401
          ? 'The token is not valid: pass github.token as `token` of the step.'
          : status === 403 || status === 404
            ? 'The job may lack a permission, or the pull request comes from a fork, whose token can only read.'
            : 'Look at the request in the log of the run.',
      details: { status },
    },
  );
}

/**
 * The token, or undefined at a terminal, where GitHub is left alone and the report says so. On GitHub an absent one is a mistake
 * in the workflow: TIPOFF_BAD_INPUT.
 */
export function tokenOrAlone(
  token: string | undefined,
  { isGitHub }: Pick<RunContext, 'isGitHub'>,
): string | undefined {
  if (token !== undefined || !isGitHub) return token;
  throw new TipoffError('TIPOFF_BAD_INPUT', 'token: expected a token of GitHub, saw nothing', {
    hint: 'Pass github.token as `token` of the step.',
  });
}

/** True for a refusal that a missing permission explains. */
export function isPermissionProblem(error: unknown): boolean {
  return (
    error instanceof TipoffError &&
    error.code === 'TIPOFF_PROVIDER' &&
    [401, 403, 404].includes(Number(error.details['status']))
  );
}
