import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Scripted {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Breaks the connection (`cut`) or never answers (`silence`). */
  readonly failure?: 'cut' | 'silence';
}

export interface Loopback {
  readonly url: string;
  /** Path and query of every request, in order. */
  readonly requests: string[];
  readonly headers: IncomingHttpHeaders[];
}

/** A server on the loopback interface that answers as told; it is closed when the test ends, or when `atEnd` says. */
export async function loopback(
  answer: (path: string, request: number) => Scripted,
  atEnd: (work: () => Promise<void>) => void = onTestFinished,
): Promise<Loopback> {
  const requests: string[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    headers.push(request.headers);
    const {
      status = 200,
      headers: sent = {},
      body = '',
      failure,
    } = answer(request.url ?? '', requests.length);
    if (failure === 'cut') request.socket.destroy();
    else if (failure === undefined) response.writeHead(status, sent).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, headers };
}
