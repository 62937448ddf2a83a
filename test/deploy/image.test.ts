import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { copiedPaths, execForm, imageProblems, instructionsOf, lastStage } from './containerfile.ts';

const ROOT = join(import.meta.dirname, '../..');
const TEXT = readFileSync(join(ROOT, 'Containerfile'), 'utf8');
const { dependencies } = z
  .object({ dependencies: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));
const NODE = dependencies['node'] ?? '';
const lock = z.object({ packages: z.record(z.string(), z.looseObject({ dev: z.boolean().optional() })) });

describe('the image', () => {
  it('is what it should be', () => {
    expect(imageProblems(TEXT, NODE)).toEqual([]);
  });

  it.each([
    ['another Node', `node:${NODE}-`, 'node:24-', 'as package.json pins it'],
    ['root', 'USER 1000:1000', 'USER root', 'expected numbers other than 0'],
    ['no user', 'USER 1000:1000\n', '', 'USER missing'],
    ['install scripts', ', "--ignore-scripts"', '', 'scripts download'],
    ['npm install', '"npm", "ci"', '"npm", "install"', 'expected npm ci'],
    ['development packages', '"--omit=dev", ', '', 'expected --omit=dev'],
    [
      'a shell between the signal and the service',
      'CMD ["serve", "--host", "0.0.0.0"]',
      'CMD serve',
      'keep SIGTERM to itself',
    ],
    [
      'no version of its own',
      "throw new Error('expected --build-arg VERSION=REVISION')",
      '0',
      'without a version',
    ],
    ['no health check', 'HEALTHCHECK', 'LABEL', 'expected a HEALTHCHECK'],
    ['everything copied', 'COPY src src', 'COPY . .', 'expected every copied path by name'],
    ['a key', 'ENV NODE_ENV=production', 'ENV TIPOFF_API_KEY=x NODE_ENV=production', 'a secret in an image'],
    ['a download', 'EXPOSE 8080', 'RUN ["curl", "-O", "https://example.com/x"]', 'that nothing pins'],
  ])('would be refused with %s', (_, from, to, problem) => {
    const planted = TEXT.replaceAll(from, to);
    expect(planted).not.toBe(TEXT);
    expect(imageProblems(planted, NODE).join('\n')).toContain(problem);
  });

  it('lets nothing into its build but what it copies', () => {
    const ignored = readFileSync(join(ROOT, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(ignored[0]).toBe('*');
    expect(
      ignored
        .slice(1)
        .map((line) => line.replace(/^!/, ''))
        .sort(),
    ).toEqual([...new Set(copiedPaths(instructionsOf(TEXT)))].sort());
  });
});

describe('what runs in the image', () => {
  let child: ChildProcess | undefined;
  const folders: { remove(): Promise<void> }[] = [];
  afterEach(async () => {
    child?.kill('SIGKILL');
    for (const folder of folders.splice(0)) await folder.remove();
  });

  /** A folder with exactly what the image has: the copied files, and the packages npm does not call development ones. */
  async function imageFolder(): Promise<string> {
    const folder = await temporaryFolder();
    folders.push(folder);
    const app = join(folder.path, 'app');
    for (const path of copiedPaths(lastStage(instructionsOf(TEXT))))
      await cp(join(ROOT, path), join(app, path), { recursive: true });
    const { packages } = lock.parse(JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')));
    const present = new Set(await installed());
    const wanted = Object.entries(packages).filter(
      ([path, { dev }]) => /^node_modules\/(?:@[^/]+\/)?[^/]+$/.test(path) && dev !== true,
    );
    for (const [path] of wanted.filter(([name]) => present.has(name))) {
      await mkdir(dirname(join(app, path)), { recursive: true });
      await symlink(join(ROOT, path), join(app, path));
    }
    // The steps that need no network, as the builder runs them.
    for (const { rest } of lastStage(instructionsOf(TEXT)).filter(({ word }) => word === 'RUN')) {
      const [command, ...args] = execForm(rest) ?? [];
      if (command !== 'node') continue;
      const built = (VERSION: string): number | null =>
        spawnSync(process.execPath, args, { cwd: app, env: { VERSION } }).status;
      expect([built(''), built('abc123')]).toEqual([1, 0]);
    }
    return app;
  }

  async function installed(): Promise<string[]> {
    const top = await readdir(join(ROOT, 'node_modules'));
    const scoped = await Promise.all(
      top
        .filter((name) => name.startsWith('@'))
        .map(async (scope) =>
          (await readdir(join(ROOT, 'node_modules', scope))).map((name) => `${scope}/${name}`),
        ),
    );
    return [...top, ...scoped.flat()].map((name) => `node_modules/${name}`);
  }

  async function freePort(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    server.close();
    await once(server, 'close');
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  it('starts by its own command, answers its own health check, and drains on SIGTERM with exit 0', async () => {
    const app = await imageFolder();
    const image = lastStage(instructionsOf(TEXT));
    const wordsOf = (word: string): string[] =>
      execForm(image.find((one) => one.word === word)?.rest ?? '') ?? [];
    const port = await freePort();
    const environment = {
      PORT: String(port),
      NODE_ENV: 'production',
      TIPOFF_HOME: join(app, '../data'),
      TIPOFF_CODE_VERSION: 'what the deployment says',
      PATH: '/usr/bin:/bin',
    };
    const asNode = (words: readonly string[]): string[] => {
      expect(words[0]).toBe('node');
      // Tests listen on the loopback only.
      return words.slice(1).map((word) => (word === '0.0.0.0' ? '127.0.0.1' : word));
    };
    const check = (): number | null =>
      spawnSync(process.execPath, asNode(wordsOf('HEALTHCHECK')), {
        cwd: app,
        env: environment,
        // A check of health that finds nobody tries again before it gives up.
        timeout: 30_000,
      }).status;
    expect(check()).toBe(1);
    // The volume, empty as on the first day.
    mkdirSync(environment.TIPOFF_HOME);

    const started = spawn(process.execPath, asNode([...wordsOf('ENTRYPOINT'), ...wordsOf('CMD')]), {
      cwd: app,
      env: environment,
    });
    child = started;
    let log = '';
    const serving = new Promise<void>((resolve, reject) => {
      started.stderr.on('data', (chunk) => {
        log += String(chunk);
        if (log.includes('"serving"')) resolve();
      });
      started.on('exit', (code) => reject(new Error(`the service ended with ${code}: ${log}`)));
    });
    await serving;
    expect(check()).toBe(0);
    const answer = await fetch(`http://127.0.0.1:${port}/health`);
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { status: 'ok', roles: ['coordinator', 'worker'] },
    ]);

    const version = (await fetch(`http://127.0.0.1:${port}/version`)).json();
    expect(await version).toMatchObject({ version: 'abc123' });

    const ended = once(started, 'exit');
    started.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(log).toContain('"drained"');
    expect(check()).toBe(1);
  });
});
