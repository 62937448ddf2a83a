import { parseArgs } from 'node:util';
import { startVitest } from 'vitest/node';
import { SkipReporter } from '#test/report-skips.ts';
import { EMULATORS, startEmulators } from './emulators.ts';

/**
 * Runs the tests over the cloud adapters against the emulators this machine offers: contract suites, the golden run and the
 * command line in the profile `gcp`. Prints what is left out and why, and ends what it started. A second report in JSON goes
 * to --report. Usage: npm run test:cloud -- [--python /path/to/python] [--report FILE] [--mode all] [name of a test file]
 */

const { values, positionals } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    report: { type: 'string' },
    mode: { type: 'string', default: 'test' },
  },
  allowPositionals: true,
});
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
/** Files that run beside each other: many of them wait more than they compute. */
const WORKERS = 2;
// bqemulator answers all its callers over one connection: each worker has one of its own.
const wanted = EMULATORS.flatMap((name) =>
  name === 'bigquery' ? Array<typeof name>(WORKERS).fill(name) : [name],
);
const { at, stop } = await startEmulators(wanted, { python: values.python, say });
try {
  const vitest = await startVitest('test', positionals, {
    config: 'vitest.cloud.config.ts',
    mode: values.mode,
    watch: false,
    maxWorkers: WORKERS,
    provide: at,
    reporters: ['default', new SkipReporter(), ...(values.report === undefined ? [] : (['json'] as const))],
    ...(values.report === undefined ? {} : { outputFile: { json: values.report } }),
  });
  await vitest.close();
} finally {
  stop();
}
