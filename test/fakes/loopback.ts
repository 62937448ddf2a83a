import { createServer, type IncomingHttpHeaders } from 'node:http';

/** A request as it arrived. */
export interface Arrived {
  readonly method: string;
  /** Decoded path. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body?: object | Buffer | string;
}

/**
 * Something that goes wrong, `times` times, with requests that fit. `refuse` answers in place of the server; `lose` lets
 * the server do its work and drops the answer; `drop` closes the connection before anything is done;
 * `keep` does nothing at all.
 */
export interface Fault {
  readonly when: (request: Arrived) => boolean;
  readonly refuse?: Reply;
  readonly lose?: true;
  readonly drop?: true;
  readonly keep?: true;
  readonly times: number;
}

/** A server on this machine for protocol fakes. */
export interface Loopback {
  readonly url: string;
  /** Everything that arrived, faults included. */
  readonly arrived: Arrived[];
  /** Injects a fault; faults are used up in order. */
  inject(fault: Fault): void;
  close(): Promise<void>;
}

/** Starts a server on a free port that answers with `serve`. */
export async function loopback(serve: (request: Arrived) => Reply | Promise<Reply>): Promise<Loopback> {
  const arrived: Arrived[] = [];
  const faults: { fault: Fault; left: number }[] = [];
  const faultFor = (request: Arrived): Fault | undefined => {
    const found = faults.find(({ fault, left }) => left > 0 && fault.when(request));
    if (found !== undefined) found.left -= 1;
    return found?.fault;
  };
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', async () => {
      const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://loopback');
      const { method = 'GET', headers } = incoming;
      const request: Arrived = {
        method,
        path: decodeURIComponent(pathname),
        query: searchParams,
        headers,
        body: Buffer.concat(chunks),
      };
      arrived.push(request);
      const fault = faultFor(request);
      if (fault?.keep === true) return undefined;
      if (fault?.drop === true) return outgoing.destroy();
      const reply =
        fault?.refuse ??
        (await (async () => serve(request))().catch((error: unknown) => {
          // Who asks must not wait for an answer that nobody will give.
          outgoing.destroy();
          throw error;
        }));
      if (fault?.lose === true) return outgoing.destroy();
      const { status, body = '' } = reply;
      const isJson = typeof body === 'object' && !Buffer.isBuffer(body);
      outgoing.writeHead(status, {
        ...(isJson ? { 'content-type': 'application/json; charset=UTF-8' } : {}),
        ...reply.headers,
      });
      return outgoing.end(isJson ? JSON.stringify(body) : body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the fake has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    arrived,
    inject: (fault) => {
      faults.push({ fault, left: fault.times });
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The two parts of a multipart/related upload: its JSON, and its content. */
export function uploadParts({ headers, body }: Arrived): {
  metadata: unknown;
  content: Buffer;
  contentType: string;
} {
  const boundary = /boundary="?([^";]+)/.exec(headers['content-type'] ?? '')?.[1] ?? '';
  const mark = Buffer.from(`--${boundary}`);
  const parts: { head: string; content: Buffer }[] = [];
  for (let at = body.indexOf(mark); ; ) {
    const start = at + mark.length + 2;
    const end = body.indexOf(mark, start);
    if (end < 0) break;
    const headEnd = body.indexOf('\r\n\r\n', start);
    parts.push({
      head: body.subarray(start, headEnd).toString(),
      content: body.subarray(headEnd + 4, end - 2),
    });
    at = end;
  }
  const [json, media] = parts;
  return {
    metadata: JSON.parse(json?.content.toString() ?? 'null'),
    content: media?.content ?? Buffer.alloc(0),
    contentType: /content-type:\s*([^\r\n]+)/i.exec(media?.head ?? '')?.[1] ?? '',
  };
}
