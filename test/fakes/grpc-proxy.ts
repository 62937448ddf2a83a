import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';

/**
 * Something that goes wrong, `times` times, with the method named: `refuse` answers with a code in the place of the server;
 * `lose` lets the server do its work and answers with a code all the same, as when the answer was lost on its way.
 */
interface GrpcFault {
  /** The last part of the path, such as `Commit`. */
  readonly method: string;
  readonly how: 'refuse' | 'lose';
  /** Code of gRPC, such as 14 for UNAVAILABLE. */
  readonly code: number;
  readonly times: number;
}

/** A relay in front of a gRPC server of this machine, without TLS. */
export interface GrpcProxy {
  /** `host:port`. */
  readonly at: string;
  /** Methods that were called, faults included, in order. */
  readonly called: readonly string[];
  inject(fault: GrpcFault): void;
  close(): Promise<void>;
}

/** Starts a relay to a server at `host:port`. It carries bytes and reads nothing but the path. */
export async function grpcProxy(target: string): Promise<GrpcProxy> {
  const called: string[] = [];
  const faults: { fault: GrpcFault; left: number }[] = [];
  const upstream = connect(`http://${target}`);
  // A connection that breaks shows as failed calls, which is what the tests look at.
  upstream.on('error', () => undefined);
  const server = createServer();
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => undefined);
    const method = String(headers[':path']).split('/').at(-1) ?? '';
    called.push(method);
    const found = faults.find(({ fault, left }) => left > 0 && fault.method === method);
    if (found !== undefined) found.left -= 1;
    const fault = found?.fault;
    if (fault?.how === 'refuse') answer(stream, fault.code);
    else relay(upstream, stream, headers, fault);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the relay has no port');
  return {
    at: `127.0.0.1:${address.port}`,
    called,
    inject: (fault) => {
      faults.push({ fault, left: fault.times });
    },
    close: async () => {
      for (const session of sessions) session.destroy();
      upstream.destroy();
      server.close();
    },
  };
}

/** Ends a call with a code and nothing else. */
function answer(stream: ServerHttp2Stream, code: number): void {
  const headers = {
    ':status': 200,
    'content-type': 'application/grpc',
    'grpc-status': String(code),
    'grpc-message': 'planted',
  };
  stream.respond(headers, { endStream: true });
}

function relay(
  upstream: ClientHttp2Session,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  fault: GrpcFault | undefined,
): void {
  const { ':method': verb, ':path': path, ...rest } = headers;
  const forwarded = Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith(':')));
  const request = upstream.request({ ':method': verb, ':path': path, ...forwarded });
  request.on('error', () => stream.destroy());
  stream.pipe(request);
  if (fault !== undefined) {
    request.resume();
    request.on('end', () => answer(stream, fault.code));
    return;
  }
  let trailers: IncomingHttpHeaders = {};
  request.on('trailers', (received) => {
    trailers = received;
  });
  request.on('response', (received, flags) => {
    const isOver = (flags & 0x1) !== 0;
    stream.respond(received, { endStream: isOver, waitForTrailers: !isOver });
    stream.on('wantTrailers', () => stream.sendTrailers(plain(trailers)));
    if (!isOver) request.pipe(stream);
  });
}

function plain(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}
