import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { ROOT } from '#test/actions/run-action.ts';

const result = z.array(
  z.object({
    job: z.string(),
    result: z.enum(['success', 'failure', 'skipped']),
    why: z.string().optional(),
    steps: z.array(z.object({ name: z.string(), outcome: z.string(), why: z.string().optional() })),
    outputs: z.record(z.string(), z.string()),
    summary: z.string(),
  }),
);

/** How a workflow ended, job by job. */
export interface Ran {
  readonly code: number | null;
  readonly jobs: z.output<typeof result>;
  readonly log: string;
}

/** Runs a workflow file of the repository, or a text that is kept in `folder`, with the pocket runner. */
export async function runWorkflow(
  folder: string,
  file: string,
  event: string,
  options: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  let path = file;
  if (file.includes('\n')) {
    path = join(folder, 'workflow.yml');
    writeFileSync(path, file);
  }
  const child = spawn(
    process.execPath,
    [join(ROOT, 'scripts/workflow.ts'), path, '--event', event, '--json', ...options],
    {
      cwd: ROOT,
      env: {
        PATH: process.env['PATH'] ?? '',
        USER: 'ann',
        TMPDIR: tmpdir(),
        NODE_COMPILE_CACHE: join(tmpdir(), 'tipoff-compile-cache'),
        ...env,
      },
      // Every step of a workflow is a process.
      timeout: 90_000,
    },
  );
  let [out, log] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const code = await new Promise<number | null>((done) => child.on('close', done));
  return { code, jobs: out === '' ? [] : result.parse(JSON.parse(out)), log };
}
