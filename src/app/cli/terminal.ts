/** Where a command writes: results to one stream, progress to the other. */
export interface Streams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Shows what is being done, in place of what was shown before; absent where nobody watches. */
  readonly doing?: (text: string) => void;
  /** Takes down what is being worked on, for whoever wonders whether anything happens; absent where nobody does. */
  readonly meanwhile?: (text: string) => void;
}

/** The voice of one command. With `--json` the result is one JSON document on stdout and everything else goes to stderr. */
export interface Terminal {
  readonly isJson: boolean;
  /** A line of the result, for people; silent with `--json`. */
  line(text?: string): void;
  /** A line of progress. */
  progress(text: string): void;
  /** A line of progress that the next one makes worthless: shown in one place at a terminal, a line elsewhere. */
  doing(text: string): void;
  /**
   * What is worked on at this moment, as often as there is something to say: shown at a terminal in place of what was shown
   * before; elsewhere a line on stderr when nothing was said for two seconds.
   */
  meanwhile(text: string): void;
  /** The result for machines; silent without `--json`. */
  json(value: unknown): void;
}

export function terminal(streams: Streams, isJson: boolean): Terminal {
  const progress = (text: string): void => (isJson ? streams.err : streams.out)(`${text}\n`);
  return {
    isJson,
    line: (text = '') => {
      if (!isJson) streams.out(`${text}\n`);
    },
    progress,
    doing: (text) => (streams.doing ?? progress)(text),
    meanwhile: (text) => streams.meanwhile?.(text),
    json: (value) => {
      if (isJson) streams.out(`${JSON.stringify(value, null, 2)}\n`);
    },
  };
}
