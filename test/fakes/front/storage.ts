import type { Account } from '#scripts/provision/installation.ts';
import { refusal } from '#test/fakes/bigquery-server.ts';
import type { Arrived, Reply } from '#test/fakes/loopback.ts';
import type { Provisioned } from './provisioned.ts';

/** Why Cloud Storage refuses a request; undefined when it does not. */
export function judgeStorage(
  made: Provisioned,
  account: Account,
  { method, path }: Arrived,
): Reply | undefined {
  const [, bucket = '', name] = /\/storage\/v1\/b\/([^/]+)\/o(?:\/(.*))?$/s.exec(path) ?? [];
  if (bucket !== made.bucket) return refusal(404, 'notFound', 'The specified bucket does not exist.');
  const permission = path.startsWith('/upload/')
    ? 'storage.objects.create'
    : method === 'DELETE'
      ? 'storage.objects.delete'
      : name === undefined
        ? 'storage.objects.list'
        : 'storage.objects.get';
  if (made.may(account, permission, `bucket gs://${bucket}`)) return undefined;
  return refusal(
    403,
    'forbidden',
    `tipoff-${account} does not have ${permission} access to the Google Cloud Storage bucket.`,
  );
}
