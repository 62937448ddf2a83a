import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { messageOf, TipoffError } from '#core/errors.ts';
import type { Streams } from './terminal.ts';

/**
 * Which verbs the owner of a home runs for other processes. An embedded home is locked by one process; a command that finds it
 * locked sends its command line to the owner over a socket in the home and prints the reply.
 *
 * `reads`: run beside any work (it changes at most the notes on incidents). `writes`: run only by `serve`, whose stores are made
 * for several callers. `alone`: never relayed.
 */
export const RELAY_ACCESS: Readonly<Record<string, 'reads' | 'writes' | 'alone'>> = {
  demo: 'alone',
  example: 'alone',
  serve: 'alone',
  completion: 'alone',
  'canary prove': 'alone',
  'canary new': 'reads',
  'drill run': 'alone',
  // Saving and restoring needs exclusive access to the home.
  'backup create': 'alone',
  'backup list': 'alone',
  'backup verify': 'alone',
  restore: 'alone',
  status: 'reads',
  player: 'reads',
  explain: 'reads',
  record: 'reads',
  diff: 'reads',
  sql: 'reads',
  'rows rejected': 'reads',
  'site build': 'reads',
  'publish list': 'reads',
  'models list': 'reads',
  'batch list': 'reads',
  'batch show': 'reads',
  'backfill plan': 'reads',
  'backfill status': 'reads',
  'canary list': 'reads',
  'canary run': 'reads',
  'canary halt': 'reads',
  'canary resume': 'reads',
  'drill list': 'reads',
  'incidents list': 'reads',
  'incidents show': 'reads',
  'incidents accept': 'reads',
  'incidents ack': 'reads',
  'incidents snooze': 'reads',
  'incidents deliver': 'reads',
  quality: 'reads',
  // Minutes of arithmetic, which yields to the owner's other work.
  evaluate: 'reads',
  'schema check': 'reads',
  'schema diff': 'reads',
  'schema snapshot': 'reads',
  'staging list': 'reads',
  'sources list': 'reads',
  ingest: 'writes',
  fetch: 'writes',
  day: 'writes',
  predict: 'writes',
  grade: 'writes',
  export: 'writes',
  'backfill run': 'writes',
  'backfill resume': 'writes',
  'batch start': 'writes',
  'batch check-stalled': 'writes',
  'batch reset': 'writes',
  'publish undo': 'writes',
  'rows undo': 'writes',
  train: 'writes',
  'models promote': 'writes',
  'schema apply': 'writes',
  'sources declare': 'writes',
  'sources retire': 'writes',
  'staging clean': 'writes',
};

/** A command line as its caller gave it. */
export interface RelayedCommand {
  readonly args: readonly string[];
  /** Folder of the caller: relative paths begin there. */
  readonly cwd: string;
}

/** Runs a command for another process and returns its exit code. */
export type RunCommand = (command: RelayedCommand, streams: Streams) => Promise<number>;

const request = z.strictObject({ args: z.array(z.string()).max(200), cwd: z.string() });
const reply = z.union([
  z.strictObject({ out: z.string() }),
  z.strictObject({ err: z.string() }),
  z.strictObject({ meanwhile: z.string() }),
  z.strictObject({ exit: z.int().min(0).max(255) }),
]);

/** Longest socket path that every system accepts. */
const MAX_SOCKET_PATH = 100;

/**
 * Where the owner of a home listens: in the home, or, where that path is too long for a socket, in a folder of this user's own
 * under the system's temporary folder, named after the home.
 */
export function relaySocket(home: string): string {
  const inside = join(resolve(home), 'relay.sock');
  if (Buffer.byteLength(inside) <= MAX_SOCKET_PATH) return inside;
  const name = createHash('sha256').update(resolve(home)).digest('hex').slice(0, 16);
  return join(tmpdir(), `tipoff-${process.getuid?.() ?? 0}`, `${name}.sock`);
}

/**
 * Starts running commands of other processes on the home that this process owns; `close` accepts no more and waits for those
 * still running. Where no socket can be created there is no relay: the owner works without it, and `problem` says why.
 */
export async function openRelay(
  home: string,
  run: RunCommand,
): Promise<{ readonly close: () => Promise<void>; readonly problem?: string }> {
  const path = relaySocket(home);
  const working = new Set<Promise<void>>();
  const server = createServer((socket) => {
    const work = answer(socket, run).finally(() => working.delete(work));
    working.add(work);
  });
  try {
    if (dirname(path) !== resolve(home)) makePrivateFolder(dirname(path));
    // A leftover of an owner that died: the lock of the home guarantees that no other owner is alive.
    rmSync(path, { force: true });
    await listening(server, path);
    chmodSync(path, 0o600);
  } catch (error) {
    return { close: async () => undefined, problem: messageOf(error) };
  }
  return {
    close: async () => {
      const closed = new Promise<void>((done) => server.close(() => done()));
      while (working.size > 0) await Promise.all(working);
      await closed;
    },
  };
}

/** Makes the folder of this user's sockets; one that somebody else can write to is refused. */
function makePrivateFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch {
    const found = lstatSync(folder);
    const isOurs = found.isDirectory() && found.uid === (process.getuid?.() ?? found.uid);
    if (!isOurs || (found.mode & 0o077) !== 0)
      throw new TipoffError('TIPOFF_STORAGE', `expected ${folder} to be a folder of this user alone`, {
        hint: `Remove ${folder}.`,
      });
  }
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(path, () => {
      server.removeListener('error', fail);
      done();
    });
  });
}

async function answer(socket: Socket, run: RunCommand): Promise<void> {
  // A caller who goes away does not end the work; what it would have read is dropped.
  socket.on('error', () => undefined);
  const say = (line: z.infer<typeof reply>): void => {
    if (socket.writable) socket.write(`${JSON.stringify(line)}\n`);
  };
  try {
    const [line] = await firstLine(socket);
    const command = request.parse(JSON.parse(line));
    const exit = await run(command, {
      out: (out) => say({ out }),
      err: (err) => say({ err }),
      meanwhile: (meanwhile) => say({ meanwhile }),
    });
    say({ exit });
  } catch (error) {
    say({ err: `the owner of the home did not understand the command: ${messageOf(error)}\n` });
    say({ exit: 3 });
  } finally {
    socket.end();
  }
}

function firstLine(socket: Socket): Promise<[string]> {
  return new Promise((done, fail) => {
    const lines = createInterface({ input: socket });
    lines.once('line', (line) => done([line]));
    lines.once('close', () => fail(new Error('nothing was said')));
  });
}

/**
 * Asks the owner of a home to run a command, prints its output and returns its exit code; undefined when the owner does not
 * listen. An owner that exits half-way is TIPOFF_HOME_LOCKED: it is then unknown whether the command was carried out.
 */
export async function relayCommand(
  home: string,
  command: RelayedCommand,
  streams: Streams,
): Promise<number | undefined> {
  const socket = await connected(relaySocket(home));
  if (socket === undefined) return undefined;
  let exit: number | undefined;
  try {
    socket.write(`${JSON.stringify(command)}\n`);
    for await (const line of createInterface({ input: socket })) {
      const message = reply.parse(JSON.parse(line));
      if ('out' in message) streams.out(message.out);
      else if ('err' in message) streams.err(message.err);
      else if ('meanwhile' in message) streams.meanwhile?.(message.meanwhile);
      else exit = message.exit;
    }
  } finally {
    socket.destroy();
  }
  if (exit !== undefined) return exit;
  throw new TipoffError(
    'TIPOFF_HOME_LOCKED',
    `the owner of the home ${home} ended while it ran the command`,
    {
      hint: 'Look at what was done, for example with `tipoff status`, before you run it again.',
      details: { home },
    },
  );
}

function connected(path: string): Promise<Socket | undefined> {
  return new Promise((done) => {
    const socket = createConnection(path);
    socket.once('error', () => done(undefined));
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      socket.on('error', () => undefined);
      done(socket);
    });
  });
}
