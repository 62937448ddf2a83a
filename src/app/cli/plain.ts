import type { Streams } from './terminal.ts';

/** How often silence is looked for, and how often it is found before something is said: at most two seconds pass. */
const LOOK_MS = 500;
const LOOKS = 3;

/** Where lines go: stdout and stderr of a process. */
interface Out {
  write(text: string): unknown;
}

/**
 * Streams for pipes and files. What a command says goes where it belongs, as it is; a command that has said nothing for two
 * seconds says on stderr what it is at, in a line of its own. One that is done before is silent: the answer is its first word,
 * and whatever reads its output reads nothing else.
 */
export function plainStreams(
  label: string,
  { stdout, stderr }: { readonly stdout: Out; readonly stderr: Out },
  { isService = false }: { readonly isService?: boolean } = {},
): { readonly streams: Streams; readonly look: (seconds: number) => void; readonly end: () => void } {
  let doing = '';
  let silentLooks = 0;
  // Its first line of this kind names the command; repeating its arguments every two seconds would fill a log.
  let who = `${label} `;
  const write = (to: Out, text: string): void => {
    silentLooks = 0;
    to.write(text);
  };
  const look = (seconds: number): void => {
    silentLooks += 1;
    if (silentLooks < LOOKS) return;
    write(stderr, `${who}… ${Math.round(seconds)} s${doing === '' ? '' : `: ${doing}`}\n`);
    who = '';
  };
  const began = performance.now();
  // A service has a log.
  const timer = isService ? undefined : setInterval(() => look((performance.now() - began) / 1000), LOOK_MS);
  return {
    streams: {
      out: (text) => write(stdout, text),
      err: (text) => write(stderr, text),
      meanwhile: (text) => {
        doing = text;
      },
    },
    look,
    end: () => clearInterval(timer),
  };
}
