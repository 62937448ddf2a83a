import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

interface CoordinatorCall {
  readonly route: string;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface FakeCoordinator {
  readonly url: string;
  readonly calls: CoordinatorCall[];
  /** Answers by route (`POST /reset`), taken in turn; the last one stays. */
  readonly answers: Map<string, { readonly status: number; readonly body: unknown }[]>;
  close(): Promise<void>;
}

/** A service that answers as it is told and remembers what it was asked. */
export async function fakeCoordinator(): Promise<FakeCoordinator> {
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const text = Buffer.concat(parts).toString();
    const route = `${request.method} ${request.url}`;
    fake.calls.push({ route, body: text === '' ? undefined : JSON.parse(text), headers: request.headers });
    const queue = fake.answers.get(route) ?? [
      { status: 404, body: { code: 'TIPOFF_NOT_FOUND', message: `no route ${route}`, hint: 'look' } },
    ];
    const answer = queue.length > 1 ? queue.shift() : queue[0];
    const wait = answer?.status === 503 || answer?.status === 429 ? { 'retry-after': '0' } : {};
    response.writeHead(answer?.status ?? 500, { 'content-type': 'application/json', ...wait });
    response.end(JSON.stringify(answer?.body));
  });
  const fake: FakeCoordinator = {
    url: '',
    calls: [],
    answers: new Map(),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(fake, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}
