import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ROOT } from '#test/actions/run-action.ts';

const VERSION = 'v0.2.89';
const TOOLS = join(tmpdir(), `tipoff-act-${VERSION}`);

/** Programs and files with which act runs the workflows of this checkout on this machine. */
export interface Act {
  /** The program. */
  readonly program: string;
  /** What every call needs: stand-ins for actions of others, which no runner is here to fetch. */
  readonly options: readonly string[];
  /** Variables of the process. */
  readonly env: Readonly<Record<string, string>>;
  /** A copy of a workflow without what this version of act does not know. */
  workflow(name: string, folder: string): string;
}

/** act where it is, or where Go can build it (a minute of processor time, once); otherwise the reason why not. */
export function findAct({ build }: { readonly build: boolean }): Act | string {
  const program = [
    ...(process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'act')),
    join(TOOLS, 'act'),
  ].find(existsSync);
  if (program === undefined && !build) return 'act is not here; --act builds it';
  if (program === undefined) {
    const built = spawnSync('go', ['install', `github.com/nektos/act@${VERSION}`], {
      env: { ...process.env, GOBIN: TOOLS },
      encoding: 'utf8',
    });
    if (built.status !== 0)
      return `act cannot be built here: ${built.error?.message ?? built.stderr.trim().split('\n').at(-1)}`;
  }
  return actAt(program ?? join(TOOLS, 'act'));
}

function actAt(program: string): Act {
  const shims = join(TOOLS, 'shims');
  mkdirSync(shims, { recursive: true });
  // The dependencies of this checkout in the place of an installation, and its Node.
  writeFileSync(
    join(shims, 'npm'),
    `#!/bin/sh\n[ "$1" = ci ] || exit 9\nln -sfn '${join(ROOT, 'node_modules')}' node_modules\n`,
    { mode: 0o755 },
  );
  // The instant that is played goes on from step to step, though every step has the same variables.
  writeFileSync(
    join(shims, 'node'),
    `#!/bin/sh
if [ -n "$PLAYED_BEHIND_MS" ]; then
  at=$(($(date +%s%3N) - PLAYED_BEHIND_MS))
  TIPOFF_AT=$(date -u -d "@$((at / 1000)).$(printf %03d $((at % 1000)))" +%Y-%m-%dT%H:%M:%S.%3NZ)
  export TIPOFF_AT
fi
exec '${process.execPath}' "$@"
`,
    { mode: 0o755 },
  );
  const standIn = join(TOOLS, 'stand-in');
  mkdirSync(standIn, { recursive: true });
  writeFileSync(
    join(standIn, 'action.yml'),
    "name: stand-in\ndescription: does nothing\nruns: { using: composite, steps: [{ run: 'true', shell: bash }] }\n",
  );
  return {
    program,
    options: [
      '-P',
      'ubuntu-24.04=-self-hosted',
      ...foreignActions().flatMap((uses) => ['--local-repository', `${uses}=${standIn}`]),
    ],
    env: { HOME: TOOLS, PATH: `${shims}${delimiter}${process.env['PATH'] ?? ''}` },
    workflow: (name, folder) => {
      const path = join(folder, name);
      const text = readFileSync(join(ROOT, '.github/workflows', name), 'utf8');
      writeFileSync(path, text.replace(/^ *deployment: false\n/gm, ''));
      return path;
    },
  };
}

/** Every `owner/name@commit` that workflows and actions of the checkout use. */
function foreignActions(): string[] {
  const files = [
    ...readdirSync(join(ROOT, '.github/workflows')).map((name) => join(ROOT, '.github/workflows', name)),
    join(ROOT, 'actions/setup/action.yml'),
  ];
  const uses = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/uses: ([\w-]+\/[\w-]+@[0-9a-f]{40})/g)].map(
      ([, one = '']) => one,
    ),
  );
  return [...new Set(uses)];
}
