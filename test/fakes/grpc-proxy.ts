import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { GrpcRefusal } from './front/grpc.ts';
import { messagesOf } from './front/wire.ts';

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

/** Looks at whole requests, which then are sent on when they are complete. */
interface GrpcWatch {
  /** Why a request is refused in the place of the server; undefined lets it through. */
  judge(method: string, request: Buffer): GrpcRefusal | undefined;
  /** Hears of every call: its first message, and everything that was answered. */
  tell(method: string, request: Buffer, answer: Buffer, refusal: GrpcRefusal | undefined): void;
}

/** Starts a relay to a server at `host:port`. It carries bytes and reads nothing but the path, unless somebody watches. */
export async function grpcProxy(target: string, watch?: GrpcWatch): Promise<GrpcProxy> {
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
    else if (watch === undefined) relay(upstream, stream, headers, fault);
    else void watched(upstream, stream, headers, watch);
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

/** Reads the whole request, asks whether it may pass, and carries it and its answer when it may. */
async function watched(
  upstream: ClientHttp2Session,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  { judge, tell }: GrpcWatch,
): Promise<void> {
  const method = String(headers[':path']).split('/').at(-1) ?? '';
  const body = await bytesOf(stream);
  const [message = Buffer.alloc(0)] = messagesOf(body);
  const refusal = judge(method, message);
  if (refusal !== undefined) {
    tell(method, message, Buffer.alloc(0), refusal);
    answer(stream, refusal.code, refusal.message);
    return;
  }
  const answered: Buffer[] = [];
  const request = relay(upstream, stream, headers, undefined, body);
  request.on('data', (chunk: Buffer) => answered.push(chunk));
  request.on('end', () => tell(method, message, Buffer.concat(answered), undefined));
}

async function bytesOf(stream: ServerHttp2Stream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Ends a call with a code and its words. */
function answer(stream: ServerHttp2Stream, code: number, message = 'planted'): void {
  const headers = {
    ':status': 200,
    'content-type': 'application/grpc',
    'grpc-status': String(code),
    'grpc-message': encodeURIComponent(message),
  };
  stream.respond(headers, { endStream: true });
}

function relay(
  upstream: ClientHttp2Session,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  fault: GrpcFault | undefined,
  body?: Buffer,
): ClientHttp2Stream {
  const { ':method': verb, ':path': path, ...rest } = headers;
  const forwarded = Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith(':')));
  const request = upstream.request({ ':method': verb, ':path': path, ...forwarded });
  request.on('error', () => stream.destroy());
  if (body === undefined) stream.pipe(request);
  else request.end(body);
  if (fault !== undefined) {
    request.resume();
    request.on('end', () => answer(stream, fault.code));
    return request;
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
  return request;
}

function plain(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}
