import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { createLogUpdate } from 'log-update';
import type { Streams } from './terminal.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
/** What a line begins with, and what that means. */
const MEANINGS: readonly (readonly [begins: RegExp, colour: 'green' | 'yellow' | 'red' | 'dim'])[] = [
  [/^(?:ok\b|fires\b|✅)/, 'green'],
  [/^(?:LOOK\b|WARNING\b|warn\b|held\b|skipped\b|⚠️|🟠)/i, 'yellow'],
  [/^(?:BAD\b|CRITICAL\b|FAILED\b|BREAKING\b|ALARM\b|SILENT\b|TIPOFF_[A-Z_]+:|❌|💥|🔴)/, 'red'],
  [/^-[-\s]+$/, 'dim'],
];

/**
 * Streams for a person at a terminal: while a command works, its last line of progress is shown with a moving mark and the
 * seconds so far, below what it has printed; lines that begin with a verdict have its colour. `NO_COLOR` turns colours off.
 * Pipes and files get plain lines instead.
 */
export function liveStreams(
  label: string,
  { stdout, stderr }: { readonly stdout: WriteStream; readonly stderr: WriteStream },
): { readonly streams: Streams; readonly end: () => void } {
  const update = createLogUpdate(stderr);
  const began = performance.now();
  let doing = label;
  let frame = 0;
  let drawn = began;
  const draw = (): void => {
    drawn = performance.now();
    const seconds = Math.floor((performance.now() - began) / 1000);
    const mark = styleText('cyan', FRAMES[frame++ % FRAMES.length] ?? '', { stream: stderr });
    update(`${mark} ${cut(doing, (stderr.columns || 80) - 12)}${seconds === 0 ? '' : ` · ${seconds} s`}`);
  };
  const timer = setInterval(draw, FRAME_MS);
  const write = (stream: WriteStream, text: string): void => {
    update.clear();
    stream.write(coloured(text, stream));
  };
  draw();
  return {
    streams: {
      out: (text) => write(stdout, text),
      err: (text) => write(stderr, text),
      doing: (text) => {
        doing = text;
        draw();
      },
      // Called often, between steps of work that keep the timer from firing.
      meanwhile: (text) => {
        doing = text;
        if (performance.now() - drawn >= FRAME_MS) draw();
      },
    },
    end: () => {
      clearInterval(timer);
      update.clear();
      update.done();
    },
  };
}

/** Text with a colour on every line that begins with a verdict. */
function coloured(text: string, stream: WriteStream): string {
  return text
    .split('\n')
    .map((line) => {
      for (const [begins, colour] of MEANINGS) {
        const [verdict] = begins.exec(line) ?? [];
        if (verdict !== undefined)
          return `${styleText(colour, verdict, { stream })}${line.slice(verdict.length)}`;
      }
      return line;
    })
    .join('\n');
}

function cut(text: string, room: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const points = [...line];
  return points.length <= room ? line : `${points.slice(0, Math.max(0, room - 1)).join('')}…`;
}
