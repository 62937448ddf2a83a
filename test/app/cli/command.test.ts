import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { homeWithoutRows } from '#test/app/empty-home.ts';

const COMMAND = fileURLToPath(new URL('../../../bin/tipoff.js', import.meta.url));

/** The first Node of the path, which may be older than the one that runs the tests. */
const elsewhere = spawnSync(
  'sh',
  ['-c', 'PATH=$(printf %s "$PATH" | tr : "\\n" | grep -v node_modules | paste -sd:) command -v node'],
  {
    encoding: 'utf8',
  },
).stdout.trim();

const ESCAPE = String.fromCharCode(27);
const COLOUR = new RegExp(`${ESCAPE}\\[3[0-9]m`);

describe('the tipoff command', () => {
  it('says its version, the revision and the Node it runs on', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [COMMAND, '--version']);
    expect(stdout).toMatch(/^tipoff \d+\.\d+\.\d+ \(([0-9a-f]{10,}\+?, )?Node \d+\.\d+\.\d+\)\n$/);
  });

  it('passes on the exit code of what it runs', () => {
    expect(spawnSync(process.execPath, [COMMAND, 'status', '2025-02-31']).status).toBe(2);
  });

  it.skipIf(elsewhere === '')('runs on Node 24 whichever Node starts it', async () => {
    const { stdout } = await promisify(execFile)(elsewhere, [COMMAND, '--version']);
    expect(stdout).toContain(`Node ${process.versions.node})`);
  });

  let script = '';
  beforeAll(async () => {
    script = (await promisify(execFile)(process.execPath, [COMMAND, 'completion', 'bash'])).stdout;
  });

  it.each([
    ['a verb', ['pub'], ['publish']],
    ['a verb of a group', ['batch', 're'], ['reset']],
    ['an option, whatever came before', ['batch', 'reset', '--slate', '2025-01-10', '--rea'], ['--reason']],
    ['an option of every verb', ['status', '--js'], ['--json']],
  ])('completes %s in bash', (_what, words, expected) => {
    const ask = `COMP_WORDS=(tipoff ${words.join(' ')}); COMP_CWORD=${words.length}; _tipoff; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', `${script}\n${ask}`], { encoding: 'utf8' });
    expect([stdout.trim().split('\n'), stderr]).toEqual([expected, '']);
  });

  describe('at a terminal', () => {
    const hasScript = spawnSync('script', ['--version']).status === 0;
    const home = mkdtempSync(join(tmpdir(), 'tipoff-test-'));
    beforeAll(() => homeWithoutRows(home));
    afterAll(() => rmSync(home, { recursive: true, force: true }));
    const line = `'${process.execPath}' '${COMMAND}' status 2025-01-10 --home '${home}'`;
    const atTerminal = (environment: NodeJS.ProcessEnv): string =>
      spawnSync('script', ['-qec', `stty rows 40 cols 100; ${line}`, '/dev/null'], {
        encoding: 'utf8',
        env: {
          ...process.env,
          TERM: 'xterm-256color',
          FORCE_COLOR: undefined,
          CI: undefined,
          ...environment,
        },
      }).stdout;

    it.skipIf(!hasScript)('shows at once what it does, and takes it away again', () => {
      const shown = atTerminal({ NO_COLOR: undefined });
      expect(shown.indexOf(`tipoff status 2025-01-10 --home`)).toBeGreaterThan(-1);
      expect(shown.indexOf('tipoff status 2025-01-10 --home')).toBeLessThan(shown.indexOf('as of'));
      expect(shown).toMatch(COLOUR);
      // The cursor is hidden while the mark moves, and back at the end.
      expect(shown.lastIndexOf(`${ESCAPE}[?25h`)).toBeGreaterThan(shown.lastIndexOf(`${ESCAPE}[?25l`));
    });

    it.each([
      [['status', '2025-01-10']],
      [['evaluate', '--season', '2024-25']],
      [['status', '2025-01-10', '--json']],
      [['serve', '--port', 'none']],
      [['no-such-verb']],
    ])('says what it does before it loads a verb: %j', async (words) => {
      const list = join(home, 'before-first-output');
      const hook = fileURLToPath(new URL('before-first-output.ts', import.meta.url));
      const { status } = spawnSync(process.execPath, ['--import', hook, COMMAND, ...words, '--home', home], {
        env: { ...process.env, BEFORE_FIRST_OUTPUT: list },
      });
      expect(status).toBe(0);
      const { stream, text, loaded } = JSON.parse(readFileSync(list, 'utf8'));
      expect([stream, text]).toEqual(['stderr', expect.stringContaining(`tipoff ${words.join(' ')}`)]);
      expect(loaded.filter((path: string) => path.startsWith('src/'))).toEqual(
        expect.not.arrayContaining(['src/app/cli/program.ts']),
      );
      // The terminal's own modules and no more: neither options, nor contracts, nor an engine.
      expect(loaded.filter((path: string) => /node_modules\/(?:zod|commander|@duckdb)\//.test(path))).toEqual(
        [],
      );
      expect(loaded.length).toBeLessThan(40);
    });

    it.skipIf(!hasScript)('has no colour with NO_COLOR', () => {
      expect(atTerminal({ NO_COLOR: '1' })).not.toMatch(COLOUR);
    });

    it('has plain lines elsewhere', () => {
      const { stdout, stderr } = spawnSync('sh', ['-c', line], { encoding: 'utf8' });
      expect(stdout).toContain('as of');
      expect(stdout + stderr).not.toContain(ESCAPE);
    });
  });
});
