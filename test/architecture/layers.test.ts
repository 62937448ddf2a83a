import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url).pathname;
const BIOME = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
// The linter reads a whole tree in a process of its own.
const LIMIT_MS = 30_000;
const IMPORTS = 'lint/style/noRestrictedImports';
const ENVIRONMENT = 'lint/style/noProcessEnv';
const CYCLES = 'lint/suspicious/noImportCycles';
const FLOATING = 'lint/nursery/noFloatingPromises';

const importing = (specifier: string) =>
  `import * as used from '${specifier}';\nexport const value = used;\n`;
const FORGETS_A_PROMISE =
  'const later = async (): Promise<number> => 1;\nexport function begin(): void {\n  later();\n}\n';
const READS_ENVIRONMENT = 'export const value = process.env;\n';

/** A file that breaks an arrow, with the rule that must speak. */
const VIOLATIONS: readonly (readonly [file: string, text: string, rule: string])[] = [
  ...[
    '#platform/clock.ts',
    '#pipeline/a.ts',
    '#model/a.ts',
    '#simulate/a.ts',
    '#guard/a.ts',
    '#app/a.ts',
    'node:fs',
    '../app/a.ts',
  ].map((to) => ['src/core/contracts/a.ts', importing(to), IMPORTS] as const),
  ...[
    '#pipeline/a.ts',
    '#model/a.ts',
    '#simulate/a.ts',
    '#guard/a.ts',
    '#app/a.ts',
    '@duckdb/node-api',
    'node:sqlite',
    '@slack/web-api',
  ].map((to) => ['src/platform/warehouse/a.ts', importing(to), IMPORTS] as const),
  ['src/platform/warehouse/duckdb/a.ts', importing('node:sqlite'), IMPORTS],
  ['src/platform/warehouse/duckdb/a.ts', importing('../ddl.ts'), IMPORTS],
  ['src/platform/state/sqlite.ts', importing('@duckdb/node-api'), IMPORTS],
  ['src/platform/queue/sqlite.ts', importing('#app/a.ts'), IMPORTS],
  ['src/platform/warehouse/bigquery/a.ts', importing('@duckdb/node-api'), IMPORTS],
  ['src/platform/notify/slack/a.ts', importing('@google-cloud/pubsub'), IMPORTS],
  ...[
    '#platform/warehouse/duckdb/warehouse.ts',
    '#platform/sqlite.ts',
    '#simulate/a.ts',
    '#guard/a.ts',
    '#app/a.ts',
    '@duckdb/node-api',
    'hono',
  ].map((to) => ['src/pipeline/batch/a.ts', importing(to), IMPORTS] as const),
  ...['#platform/warehouse/functions.ts', '#pipeline/a.ts', '#simulate/a.ts', '#guard/a.ts', '#app/a.ts'].map(
    (to) => ['src/model/a.ts', importing(to), IMPORTS] as const,
  ),
  ...['#platform/state/sqlite.ts', '#pipeline/a.ts', '#model/a.ts', '#guard/a.ts', '#app/a.ts'].map(
    (to) => ['src/simulate/a.ts', importing(to), IMPORTS] as const,
  ),
  ...[
    '#platform/notify/slack/notifier.ts',
    '#platform/notify/console.ts',
    '#simulate/a.ts',
    '#app/a.ts',
    '@actions/core',
    '@google-cloud/bigquery',
  ].map((to) => ['src/guard/canaries/a.ts', importing(to), IMPORTS] as const),
  ...[
    '#test/a.ts',
    '@actions/core',
    '@duckdb/node-api',
    '@google-cloud/bigquery',
    '../core/a.ts',
    'commander',
    'hono',
  ].map((to) => ['src/app/a.ts', importing(to), IMPORTS] as const),
  ['src/app/cli/a.ts', importing('hono'), IMPORTS],
  ['src/app/services/a.ts', importing('commander'), IMPORTS],
  ['src/app/cli/a.ts', "export const later = () => import('../compose.ts');\n", IMPORTS],
  ['actions/lib/a.ts', importing('#test/a.ts'), IMPORTS],
  ['actions/lib/a.ts', importing('../a.ts'), IMPORTS],
  ['test/core/a.test.ts', importing('../a.ts'), IMPORTS],
  ['test/core/a.test.ts', importing('@actions/core'), IMPORTS],
  ['test/core/a.test.ts', importing('#platform/warehouse/duckdb/warehouse.ts'), IMPORTS],
  ['scripts/a.ts', importing('@actions/core'), IMPORTS],
  ...[
    'src/core/a.ts',
    'src/pipeline/a.ts',
    'src/app/compose.ts',
    'src/app/cli/a.ts',
    'actions/a/main.ts',
  ].map((file) => [file, READS_ENVIRONMENT, ENVIRONMENT] as const),
  ...['src/core/a.ts', 'src/app/services/a.ts', 'actions/lib/a.ts', 'test/core/a.test.ts'].map(
    (file) => [file, FORGETS_A_PROMISE, FLOATING] as const,
  ),
  // A circle of types alone is one too.
  ['src/core/hen.ts', "import type { Egg } from './egg.ts';\n\nexport type Hen = readonly Egg[];\n", CYCLES],
  ['src/core/egg.ts', "import type { Hen } from './hen.ts';\n\nexport type Egg = readonly Hen[];\n", CYCLES],
];

/** Files that follow the arrows. */
const ALLOWED: readonly (readonly [file: string, text: string])[] = [
  ['src/core/contracts/a.ts', importing('#core/errors.ts')],
  ['src/core/a.ts', importing('./b.ts')],
  ['src/platform/warehouse/a.ts', importing('#core/errors.ts')],
  ['src/platform/warehouse/duckdb/a.ts', importing('@duckdb/node-api')],
  ['src/platform/warehouse/duckdb/b.ts', importing('#platform/warehouse/ddl.ts')],
  ['src/platform/sqlite.ts', importing('node:sqlite')],
  ['src/platform/warehouse/bigquery/a.ts', importing('@google-cloud/bigquery')],
  ['src/platform/notify/slack/a.ts', importing('@slack/web-api')],
  ...[
    '#core/calendar.ts',
    '#platform/warehouse/port.ts',
    '#platform/clock.ts',
    '#platform/retry.ts',
    '#model/a.ts',
    '#pipeline/a.ts',
    'node:crypto',
  ].map((to) => ['src/pipeline/a.ts', importing(to)] as const),
  ['src/model/a.ts', importing('#platform/objects/port.ts')],
  ['src/simulate/a.ts', importing('#core/calendar.ts')],
  ...[
    '#core/errors.ts',
    '#platform/notify/port.ts',
    '#platform/notify/outbox.ts',
    '#platform/report/escape.ts',
    '#pipeline/a.ts',
    '#model/a.ts',
  ].map((to) => ['src/guard/a.ts', importing(to)] as const),
  ...['#guard/a.ts', '#simulate/a.ts', '#platform/warehouse/duckdb/warehouse.ts'].map(
    (to) => ['src/app/a.ts', importing(to)] as const,
  ),
  ['src/app/config.ts', READS_ENVIRONMENT],
  ['src/app/config/read.ts', READS_ENVIRONMENT],
  ['src/app/cli/a.ts', importing('commander')],
  ['src/app/services/a.ts', importing('hono')],
  ['actions/run-canaries/main.ts', importing('@actions/core')],
  ['test/core/a.test.ts', importing('@duckdb/node-api')],
];

interface Report {
  readonly diagnostics: readonly {
    readonly category: string;
    readonly location: { readonly path: string };
  }[];
}

/** The path a text is planted at: many texts share a folder, so `a.ts` becomes a name of its own. */
const planted = (file: string, colour: string, index: number) =>
  file.replace(/\ba(?=\.(?:test\.)?ts$)/, `${colour}-${index}`);

/** The repository's linter configuration, without git: the temporary directory is not under it. */
function lintConfiguration(): string {
  const configuration: object = JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8'));
  return JSON.stringify({ ...configuration, $schema: undefined, vcs: { enabled: false } });
}

/** Lints a directory and gives the rules that spoke, by path. */
function rulesByPath(directory: string): Map<string, string[]> {
  const run = spawnSync(process.execPath, [BIOME, 'lint', '--reporter=json', '--max-diagnostics=none', '.'], {
    cwd: directory,
    encoding: 'utf8',
    timeout: LIMIT_MS,
  });
  const report = JSON.parse(run.stdout) as Report;
  const rules = new Map<string, string[]>();
  for (const { category, location } of report.diagnostics)
    rules.set(location.path, [...(rules.get(location.path) ?? []), category]);
  return rules;
}

describe('the rules of the linter', () => {
  let directory = '';
  let rules = new Map<string, string[]>();
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'tipoff-layers-'));
    writeFileSync(join(directory, 'biome.json'), lintConfiguration());
    const plant = (path: string, text: string) => {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), text);
    };
    for (const [i, [file, text]] of VIOLATIONS.entries()) plant(planted(file, 'red', i), text);
    for (const [i, [file, text]] of ALLOWED.entries()) plant(planted(file, 'green', i), text);
    rules = rulesByPath(directory);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it.each(
    VIOLATIONS.map(([file, text, rule], i) => ({
      file,
      path: planted(file, 'red', i),
      text: text.trim().split('\n')[0],
      rule,
    })),
  )('are broken by $file with: $text', ({ path, rule }) => {
    expect(rules.get(path)).toEqual([rule]);
  });

  it.each(
    ALLOWED.map(([file, text], i) => ({
      file,
      path: planted(file, 'green', i),
      text: text.trim().split('\n')[0],
    })),
  )('allow $file with: $text', ({ path }) => {
    expect(rules.get(path)).toBeUndefined();
  });
});
