/** Where a command writes: results to one stream, progress to the other. */
export interface Streams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** The voice of one command. With `--json` the result is one JSON document on stdout and everything else goes to stderr. */
export interface Terminal {
  readonly isJson: boolean;
  /** A line of the result, for people; silent with `--json`. */
  line(text?: string): void;
  /** A line of progress. */
  progress(text: string): void;
  /** The result for machines; silent without `--json`. */
  json(value: unknown): void;
}

export function terminal(streams: Streams, isJson: boolean): Terminal {
  return {
    isJson,
    line: (text = '') => {
      if (!isJson) streams.out(`${text}\n`);
    },
    progress: (text) => (isJson ? streams.err : streams.out)(`${text}\n`),
    json: (value) => {
      if (isJson) streams.out(`${JSON.stringify(value, null, 2)}\n`);
    },
  };
}
