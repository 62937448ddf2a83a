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

/** Lines of a plain table: header, rule, rows; numbers to the right, everything else to the left. */
export function tableLines(
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string[] {
  const cells = [header, ...rows.map((row) => row.map(String))];
  const widths = header.map((_, column) => Math.max(...cells.map((row) => [...(row[column] ?? '')].length)));
  const isNumber = header.map(
    (_, column) =>
      rows.length > 0 && rows.every((row) => typeof row[column] === 'number' || row[column] === ''),
  );
  const pad = (text: string, column: number): string => {
    const room = ' '.repeat(Math.max(0, (widths[column] ?? 0) - [...text].length));
    return isNumber[column] === true ? room + text : text + room;
  };
  const lines = cells.map((row) => row.map(pad).join('  ').trimEnd());
  return [lines[0] ?? '', widths.map((width) => '-'.repeat(width)).join('  '), ...lines.slice(1)];
}

/** "3.2 s", "1 min 5 s". */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
