import { z } from 'zod';
import { TipoffError } from '#core/errors.ts';

/** The result of running a verb of the command line. */
export interface VerbRun {
  readonly code: number;
  /** The document it printed; undefined when it printed none. */
  readonly json: unknown;
  readonly err: string;
}

/** Runs one verb of the command line with `--json`, in this process. */
export type Tipoff = (...args: string[]) => Promise<VerbRun>;

/** The command line of this repository: actions do only what a person could do at a terminal. */
export function commandLine(
  { home, at }: { readonly home: string | undefined; readonly at: string | undefined },
  log: (text: string) => void,
): Tipoff {
  return async (...args) => {
    const { main } = await import('#app/cli/program.ts');
    const streams = { out: '', err: '' };
    const place = [
      ...(home === undefined ? [] : ['--home', home]),
      ...(at === undefined ? [] : ['--at', at]),
    ];
    const code = await main([...args, ...place, '--json'], {
      out: (text) => {
        streams.out += text;
      },
      err: (text) => {
        streams.err += text;
        log(text);
      },
    });
    return { code, json: parse(streams.out), err: streams.err };
  };
}

const failure = z.object({ error: z.object({ code: z.string(), message: z.string(), hint: z.string() }) });

/** The error code a verb ended with; undefined when it answered. */
export function errorCodeOf(run: VerbRun): string | undefined {
  const failed = failure.safeParse(run.json);
  return failed.success ? failed.data.error.code : undefined;
}

/**
 * Reads the answer of a verb. A verb that found a problem answers too, whatever its exit code; anything but the expected
 * document throws, with the error that the verb reported.
 */
export function answerOf<S extends z.ZodType>(run: VerbRun, schema: S, verb: string): z.output<S> {
  const failed = failure.safeParse(run.json);
  if (failed.success) {
    const { code, message, hint } = failed.data.error;
    throw new TipoffError(
      run.code === 2 ? 'TIPOFF_BAD_INPUT' : 'TIPOFF_PROVIDER',
      `tipoff ${verb}: ${code}: ${message}`,
      { hint },
    );
  }
  const parsed = schema.safeParse(run.json);
  if (parsed.success && run.json !== undefined) return parsed.data;
  const seen =
    run.json === undefined
      ? `exit code ${run.code}: ${run.err.trim().split('\n')[0] ?? ''}`
      : z.prettifyError(parsed.error ?? new z.ZodError([]));
  throw new TipoffError('TIPOFF_PROVIDER', `expected an answer from tipoff ${verb}, saw ${seen}`, {
    hint: `Run \`npx tipoff ${verb} --json\` on this commit and compare.`,
  });
}

function parse(text: string): unknown {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // Not a document: `answerOf` reports it.
    return undefined;
  }
}
