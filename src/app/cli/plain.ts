import type { Streams } from './terminal.ts';

/** Interval of the checks for silence, and how many silent checks lead to a line of progress: within two seconds. */
const CHECK_MS = 500;
const MAX_SILENT_CHECKS = 3;

/** Where lines go: stdout and stderr of a process. */
interface Out {
  write(text: string): unknown;
}

/**
 * Streams for pipes and files. Output is passed through unchanged; a command that has written nothing for two seconds writes a
 * line on stderr saying what it is working on. A faster command writes nothing but its answer.
 */
export function plainStreams(
  label: string,
  { stdout, stderr }: { readonly stdout: Out; readonly stderr: Out },
  { isService = false }: { readonly isService?: boolean } = {},
): { readonly streams: Streams; readonly checkSilence: (seconds: number) => void; readonly end: () => void } {
  let doing = '';
  let silentChecks = 0;
  // Only the first such line names the command: repeating its arguments every two seconds would fill a log.
  let who = `${label} `;
  const write = (to: Out, text: string): void => {
    silentChecks = 0;
    to.write(text);
  };
  const checkSilence = (seconds: number): void => {
    silentChecks += 1;
    if (silentChecks < MAX_SILENT_CHECKS) return;
    write(stderr, `${who}… ${Math.round(seconds)} s${doing === '' ? '' : `: ${doing}`}\n`);
    who = '';
  };
  const began = performance.now();
  // A service writes a log instead.
  const timer = isService
    ? undefined
    : setInterval(() => checkSilence((performance.now() - began) / 1000), CHECK_MS);
  return {
    streams: {
      out: (text) => write(stdout, text),
      err: (text) => write(stderr, text),
      meanwhile: (text) => {
        doing = text;
      },
    },
    checkSilence,
    end: () => clearInterval(timer),
  };
}
