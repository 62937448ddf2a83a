import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { main } from '#app/cli/program.ts';
import { FOLDERS, writeSchemaFiles } from '#app/schema/repository.ts';
import type { SchemaFinding } from '#guard/schema/finding.ts';
import type { Schema } from '#guard/schema/model.ts';
import type { Difference } from '#guard/schema/report.ts';
import { type SchemaFileKind, schemaFiles } from '#guard/schema/schema-files.ts';

/** One of the two series in what `schema diff` answers. */
interface Series {
  readonly versions: readonly string[];
  readonly steps: readonly {
    readonly from: string;
    readonly to: string;
    readonly findings: readonly (SchemaFinding & { verdict: string })[];
  }[];
  readonly sum: readonly (SchemaFinding & { verdict: string })[];
  readonly only_in_sum: readonly string[];
}

interface Answer {
  readonly ok: boolean;
  readonly differences: readonly Difference[];
  readonly notices: readonly string[];
  readonly contracted: Series;
  readonly deployed: Series;
  readonly changed: readonly string[];
  readonly applied: readonly unknown[];
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
}

/** A git repository in a folder of its own, in which the schema verbs run as they do for a developer. */
export interface Clone {
  readonly root: string;
  git(...args: string[]): string;
  /** Writes the schema files of a kind. */
  schema(kind: SchemaFileKind, schema: Schema): void;
  file(path: string, text: string): void;
  /** Commits everything. */
  commit(message: string): void;
  /** Runs the command line over the repository; `text` is what it prints for people. */
  tipoff(...args: string[]): Promise<{ readonly code: number; readonly json: Answer }>;
  text(...args: string[]): Promise<string>;
  remove(): void;
}

const QUIET = { encoding: 'utf8' as const, stdio: ['ignore' as const, 'pipe' as const, 'ignore' as const] };

/** Makes a repository, empty or from another one with arguments of `git clone`. */
export function makeClone(...from: readonly string[]): Clone {
  const root = folder();
  if (from.length === 0) execFileSync('git', ['init', '-q', '-b', 'main', root]);
  else execFileSync('git', ['clone', '-q', ...from, root], QUIET);
  return cloneIn(root);
}

/** A repository with the files and commits of another one. */
export function copyOf(clone: Clone): Clone {
  const root = folder();
  cpSync(clone.root, root, { recursive: true });
  return cloneIn(root);
}

function folder(): string {
  return mkdtempSync(join(tmpdir(), 'tipoff-schema-'));
}

function cloneIn(root: string): Clone {
  const who = [
    '-c',
    'user.name=t',
    '-c',
    'user.email=t@example.org',
    '-c',
    'commit.gpgsign=false',
    '-c',
    'gc.auto=0',
    // Nobody needs these commits after a loss of power.
    '-c',
    'core.fsync=none',
  ];
  const git = (...args: string[]): string => execFileSync('git', ['-C', root, ...who, ...args], QUIET);
  const run = async (args: readonly string[]): Promise<{ code: number; out: string; err: string }> => {
    let [out, err] = ['', ''];
    const place = ['--repository', root, '--home', join(root, '.git/home'), '--at', '2026-11-24T12:00:00Z'];
    const code = await main([...args, ...place], {
      out: (part) => {
        out += part;
      },
      err: (part) => {
        err += part;
      },
    });
    return { code, out, err };
  };
  return {
    root,
    git,
    schema: (kind, schema) => {
      rmSync(join(root, FOLDERS[kind]), { recursive: true, force: true });
      writeSchemaFiles(root, kind, schemaFiles(schema, kind));
    },
    file: (path, text) => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    },
    commit: (message) => {
      git('add', '-A');
      git('commit', '-q', '--allow-empty', '-m', message);
    },
    tipoff: async (...args) => {
      const { code, out } = await run([...args, '--json']);
      return { code, json: JSON.parse(out || 'null') };
    },
    text: async (...args) => {
      const { out, err } = await run(args);
      return `${out}${err}`;
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
