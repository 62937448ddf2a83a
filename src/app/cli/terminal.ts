/** Where a command writes: results to one stream, progress to the other. */
export interface Streams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Shows what is being done, replacing what was shown before; absent where nobody watches. */
  readonly doing?: (text: string) => void;
  /** Notes what is being worked on, for display after a silence; absent where nothing displays it. */
  readonly meanwhile?: (text: string) => void;
}

/** The voice of one command. With `--json` the result is one JSON document on stdout and everything else goes to stderr. */
export interface Terminal {
  readonly isJson: boolean;
  /** A line of the result, for people; silent with `--json`. */
  line(text?: string): void;
  /** A line of progress. */
  progress(text: string): void;
  /** A line of progress that the next one supersedes: overwritten in place at a terminal, a line elsewhere. */
  doing(text: string): void;
  /**
   * What is being worked on at this moment; may be called often. At a terminal it replaces what was shown before; elsewhere it
   * becomes a line on stderr once there has been no output for two seconds.
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
