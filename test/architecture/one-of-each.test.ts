import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url).pathname;
const SOURCES = globSync(['src/**/*.ts', 'actions/**/*.ts'], { cwd: ROOT, exclude: ['**/node_modules/**'] });

/** Something that the house has once, the text that a second one could not do without, and where that text may be. */
interface Single {
  readonly what: string;
  readonly sign: RegExp;
  readonly home: readonly string[];
  /** Lines that a second one would have. */
  readonly planted: readonly string[];
}

const SINGLES: readonly Single[] = [
  {
    what: 'reader of instants',
    sign: /\[\+-\]\\d\{2\}:|isNaN\(Date\.parse\(|\.datetime\(/,
    home: ['src/core/instants.ts'],
    planted: [
      'if (/T.*(?:Z|[+-]\\d{2}:\\d{2})$/.test(text)) return new Date(text);',
      'if (Number.isNaN(Date.parse(text))) throw new Error(text);',
      'const at = z.iso.datetime();',
    ],
  },
  {
    what: 'way to tell people',
    sign: /\bNotifier\b|notifier\.(?:send|update|reply)\(/,
    home: [
      'src/platform/notify/port.ts',
      'src/platform/notify/outbox.ts',
      'src/platform/notify/console.ts',
      'src/platform/notify/slack/notifier.ts',
      // Chooses the notifier of the configuration and hands it to the outbox.
      'src/app/compose.ts',
      // Counts what the outbox sends.
      'src/guard/drills/catalogue/alarms.ts',
    ],
    planted: ["import type { Notifier } from '#platform/notify/port.ts';", 'await notifier.send(notice);'],
  },
  {
    what: 'source of random numbers',
    sign: /Math\.random\(|0x6d2b79f5|0x9e3779b9/,
    // How many turns of the event loop a transaction of SQLite gives way: no clock and no value depends on it.
    home: ['src/core/random.ts', 'src/platform/state/sqlite.ts'],
    planted: ['const pause = Math.random() * 1000;', 'state = (state + 0x6d2b79f5) >>> 0;'],
  },
  {
    what: 'pause before another attempt',
    sign: /\.sleep\([^)]*(?:\battempt|\btries|\*\*|pause)/i,
    home: [
      'src/platform/retry.ts',
      // Waits for a job that runs, not for another attempt.
      'src/platform/warehouse/bigquery/jobs.ts',
      // Waits for inputs that are not there yet: a result, not an error.
      'src/pipeline/refresh.ts',
      // Asks a new revision of a service until it is healthy.
      'actions/lib/verify.ts',
      'actions/lib/http.ts',
    ],
    planted: ['await clock.sleep(250 * 2 ** attempt);', 'await deps.clock.sleep(WAIT_MS * tries);'],
  },
];

describe('there is one', () => {
  const texts = new Map(SOURCES.map((file) => [file, readFileSync(`${ROOT}${file}`, 'utf8')]));

  it.each(SINGLES)('$what', ({ sign, home }) => {
    const found = [...texts].filter(([, text]) => text.split('\n').some((line) => sign.test(line)));
    expect(found.map(([file]) => file).filter((file) => !home.includes(file))).toEqual([]);
  });

  it.each(SINGLES)('$what, and a second would be seen', ({ sign, planted }) => {
    for (const line of planted) expect(line).toMatch(sign);
  });
});
