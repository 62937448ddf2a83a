import { z } from 'zod';
import { TipoffError } from '#core/errors.ts';
import type { ActionDeps } from './action.ts';

/** The address of a service and the credentials for it. */
export interface ServiceInputs {
  readonly service_url?: string | undefined;
  readonly service_token?: string | undefined;
}

interface Asked {
  readonly status: number;
  /** Reads the body. Throws TIPOFF_PROVIDER when it is not what was expected. */
  read<S extends z.ZodType>(schema: S): z.output<S>;
}

const refusal = z.object({
  message: z.string(),
  hint: z.string().optional(),
});

/**
 * Calls a service of the pipeline. A refusal is TIPOFF_PROVIDER with the service's message, or TIPOFF_BAD_INPUT when the request was
 * at fault; for 401 and 403 the error names the missing permission.
 */
export async function askService(
  deps: ActionDeps,
  { service_url = '', service_token }: ServiceInputs,
  call: {
    readonly method: 'GET' | 'POST';
    readonly path: string;
    readonly body?: unknown;
    readonly requestId?: string;
  },
): Promise<Asked> {
  if (!URL.canParse(service_url) || !/^https?:$/.test(new URL(service_url).protocol)) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `service_url: expected an address with http or https, saw "${service_url}"`,
      {
        hint: 'Copy the address of the coordinator from Cloud Run, or leave it out to work in the embedded home.',
      },
    );
  }
  const isJwt = service_token?.split('.').length === 3;
  const answer = await deps.http('the coordinator')({
    method: call.method,
    url: `${service_url.replace(/\/+$/, '')}${call.path}`,
    // An identity token has three parts; anything else is the API key of the service.
    ...(isJwt ? { token: service_token } : {}),
    ...(call.body === undefined ? {} : { body: call.body }),
    headers: {
      ...(call.requestId === undefined ? {} : { 'x-request-id': call.requestId }),
      ...(service_token === undefined || isJwt ? {} : { 'x-api-key': service_token }),
    },
  });
  if (answer.status >= 400) throw refused(call.path, answer.status, answer.body);
  return {
    status: answer.status,
    read: (schema) => {
      const parsed = schema.safeParse(answer.body);
      if (parsed.success) return parsed.data;
      throw new TipoffError(
        'TIPOFF_PROVIDER',
        `the coordinator answered ${call.path} with something else: ${z.prettifyError(parsed.error)}`,
        {
          hint: 'Compare the version of the service (GET /version) with this commit.',
        },
      );
    },
  };
}

function refused(path: string, status: number, body: unknown): TipoffError {
  const parsed = refusal.safeParse(body).data;
  const words = parsed === undefined ? '' : `: ${parsed.message}`;
  const hint =
    status === 401 || status === 403
      ? 'The identity of the workflow needs the role run.invoker on the service, and a token for its address as audience.'
      : parsed?.hint !== undefined
        ? parsed.hint
        : 'Look at the log of the coordinator at this time.';
  return new TipoffError(
    status === 400 || status === 422 ? 'TIPOFF_BAD_INPUT' : 'TIPOFF_PROVIDER',
    `the coordinator refused ${path} with ${status}${words}`,
    { hint },
  );
}
