import { TipoffError } from '#core/errors.ts';
import { type HttpAnswer, withoutQuery } from './http.ts';

/** The bytes of a 200; TIPOFF_PROVIDER for any other answer. The body is not quoted: some providers repeat the key in it. */
export function bytesOf(provider: string, url: string, answer: HttpAnswer): Uint8Array {
  if (answer.status === 200) return answer.bytes;
  throw new TipoffError('TIPOFF_PROVIDER', `${provider}: expected status 200 from ${withoutQuery(url)}, saw ${answer.status}`, {
    hint: HINTS[answer.status] ?? 'Look at the documentation of the provider for this status.',
    details: { address: withoutQuery(url), status: answer.status },
  });
}

const HINTS: Readonly<Record<number, string>> = {
  401: 'Check the key, and whether its quota is used up.',
  403: 'The provider refuses this machine or key: check both.',
  404: 'There is nothing at this address, or not yet: check the id.',
  422: 'The provider does not know one of the parameters: check markets and regions.',
};
