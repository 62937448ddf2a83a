import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { parse } from 'yaml';
import { z } from 'zod';
import { program } from '#app/cli/program.ts';
import { SETTINGS } from '#app/config/settings.ts';
import { serviceRoutes } from '#app/services/app.ts';
import { serviceMetrics } from '#app/services/metrics.ts';
import type { Role, Service } from '#app/services/runtime.ts';
import { CONTRACTS, VIEWS } from '#core/contracts/index.ts';
import { ERROR_CODES } from '#core/errors.ts';
import { FEATURE_SOURCES, FEATURES } from '#core/features.ts';
import { RUN_MODES } from '#core/run-modes.ts';
import { CATALOGUE } from '#guard/canaries/catalogue/catalogue.ts';
import { DRILLS } from '#guard/drills/catalogue/catalogue.ts';
import { codeSchema } from '#guard/schema/code-schema.ts';
import { QUESTIONS } from '#guard/status/status.ts';
import { SYSTEM_IDS } from '#model/systems.ts';
import { exportSeasonSubsets, exportSlates } from '#pipeline/exports/export.ts';
import { SUBSETS } from '#pipeline/exports/season-documents.ts';
import { REASON_CODES } from '#pipeline/ingest/format.ts';
import { FORMATS } from '#pipeline/ingest/formats/formats.ts';
import { shiftedClock } from '#platform/clock.ts';
import { directoryObjects } from '#platform/objects/directory.ts';
import { openSqliteQueue } from '#platform/queue/sqlite.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import { openDuckDb } from '#platform/warehouse/duckdb/warehouse.ts';

const ROOT = join(import.meta.dirname, '..');

/** The committed list, which `npm run inventory` writes. */
export const INVENTORY_FILE = join(ROOT, 'test/architecture/inventory.json');

/** What the product offers, by section: one line per name that somebody outside the code may rely on. */
export type Inventory = Readonly<Record<string, readonly string[]>>;

/** Differences between two inventories, as `section: line`. */
export interface Difference {
  readonly lost: readonly string[];
  readonly added: readonly string[];
}

/** Everything the product offers, read from the code, in text order. */
export async function inventory(): Promise<Inventory> {
  const sections: Record<string, readonly string[]> = {
    action: actions(),
    canary: CATALOGUE.map(({ id }) => id),
    command: commands(),
    document: await documents(),
    drill: DRILLS.map(({ id }) => id),
    endpoint: [...endpoints('coordinator'), ...endpoints('worker')],
    'error code': Object.keys(ERROR_CODES),
    feature: FEATURES.map(({ name }) => name),
    'feature source': Object.entries(FEATURE_SOURCES).map(([letter, { name }]) => `${letter} ${name}`),
    function: (codeSchema().functions ?? []).map(
      ({ name, parameters }) => `fn.${name}(${parameters.join(', ')})`,
    ),
    'ingest format': FORMATS.map(({ id }) => id),
    metric: await metrics(),
    'npm script': npmScripts(),
    question: QUESTIONS.map(({ name }) => name),
    'reason of a rejected row': Object.keys(REASON_CODES),
    'run mode': Object.keys(RUN_MODES),
    setting: Object.keys(SETTINGS.shape),
    subset: SUBSETS.map(({ id }) => id),
    system: [...SYSTEM_IDS],
    table: codeSchema().tables.flatMap(({ id, columns }) =>
      columns.map(({ name, type, mode }) => `${id}.${name} ${type} ${mode}`),
    ),
    view: codeSchema().views.flatMap(({ id, columns }) => columns.map((name) => `${id}.${name}`)),
    workflow: workflows(),
  };
  return Object.fromEntries(
    Object.entries(sections).map(([section, lines]) => [section, lines.toSorted(byText)]),
  );
}

/**
 * Lines of `listed` that the code no longer offers, and lines it offers in addition. Duplicate lines count separately.
 */
export function differences(listed: Inventory, offered: Inventory): Difference {
  const [before, after] = [linesOf(listed), linesOf(offered)];
  return { lost: without(before, after), added: without(after, before) };
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function linesOf(list: Inventory): string[] {
  return Object.entries(list).flatMap(([section, lines]) => lines.map((line) => `${section}: ${line}`));
}

function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = Map.groupBy(others, (line) => line);
  return lines.filter((line) => left.get(line)?.pop() === undefined);
}

/** Every verb with its arguments, its options, and their choices and defaults. */
function commands(): string[] {
  const silent = (): void => undefined;
  const root = program({ streams: { out: silent, err: silent }, exit: silent });
  return commandLines(root, root.name());
}

function commandLines(command: Command, path: string): string[] {
  const takes = command.registeredArguments.map((argument) => {
    const name = argument.variadic ? `${argument.name()}...` : argument.name();
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  const options = command.options.map(({ flags, argChoices, mandatory, defaultValue }) =>
    [
      `${path} ${flags}`,
      ...(argChoices === undefined ? [] : [`(${argChoices.join(', ')})`]),
      ...(defaultValue === undefined ? [] : [`= ${JSON.stringify(defaultValue)}`]),
      ...(mandatory ? ['required'] : []),
    ].join(' '),
  );
  const names = [command.name(), ...command.aliases()].map((name) =>
    [...path.split(' ').slice(0, -1), name].join(' '),
  );
  return [
    ...names.map((name) => [name, ...takes].join(' ')),
    ...options,
    ...command.commands.flatMap((child) => commandLines(child, `${path} ${child.name()}`)),
  ];
}

/** The routes of a role with their body fields. Routes are only declared, never called, so the service is a stub. */
function endpoints(role: Role): string[] {
  const service = { roles: [role], version: '' } as unknown as Service;
  return serviceRoutes(service).flatMap(({ method, path, body }) => {
    const line = `${role} ${method.toUpperCase()} ${path}`;
    return [line, ...(body === undefined ? [] : fieldsOf(body).map((field) => `${line} takes ${field}`))];
  });
}

function fieldsOf(body: z.ZodType): string[] {
  const { properties = {} } = z
    .object({ properties: z.record(z.string(), z.unknown()).optional() })
    .parse(z.toJSONSchema(body, { io: 'input' }));
  return Object.keys(properties);
}

/** Metrics by name, as Prometheus reads them. */
async function metrics(): Promise<string[]> {
  const clock = shiftedClock('2024-12-14T17:00:00Z');
  const state = openSqliteState(':memory:', { clock });
  const queue = openSqliteQueue(':memory:', { clock });
  try {
    const text = await serviceMetrics({ state, queue, clock }).text();
    return [...text.matchAll(/^# TYPE (\S+ \S+)$/gm)].map(([, metric = '']) => metric);
  } finally {
    await queue.close();
    await state.close();
  }
}

/** The documents exported from an empty warehouse, by kind and path: a day without rows has all of them, each `not_ready`. */
async function documents(): Promise<string[]> {
  const clock = shiftedClock('2024-12-14T17:00:00Z');
  const folder = mkdtempSync(join(tmpdir(), 'tipoff-inventory-'));
  const warehouse = await openDuckDb(':memory:', { clock });
  try {
    await warehouse.prepare(CONTRACTS);
    for (const { ref, sql } of VIEWS) await warehouse.createView(ref, sql);
    const deps = { warehouse, objects: directoryObjects(folder), clock, dataSource: 'simulated' } as const;
    const reports = [
      await exportSlates(deps, { slates: ['2024-12-13'] }),
      await exportSeasonSubsets(deps, { season: '2024-25' }),
    ];
    const kinds = reports.flatMap((report) => report.documents.map(({ kind, path }) => `${kind} ${path}`));
    return [...kinds, ...new Set(reports.map(({ manifest }) => `manifest ${manifest}`))];
  } finally {
    await warehouse.close();
    rmSync(folder, { recursive: true });
  }
}

/** The npm scripts. */
function npmScripts(): string[] {
  const file = z.object({ scripts: z.record(z.string(), z.string()) });
  return Object.keys(file.parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))).scripts);
}

const named = z.record(z.string(), z.unknown()).nullish();
const actionFile = z.object({ inputs: named, outputs: named });
const workflowFile = z.object({
  on: z.record(z.string(), z.unknown()),
  jobs: z.record(z.string(), z.unknown()),
});
const triggerShape = z.union([
  z.null(),
  z.array(z.object({ cron: z.string() })),
  z.looseObject({ inputs: named }),
]);

/** Every action (folder with an `action.yml`) with its inputs and outputs. */
function actions(): string[] {
  const folder = join(ROOT, 'actions');
  return readdirSync(folder).flatMap((name) => {
    const file = join(folder, name, 'action.yml');
    if (!existsSync(file)) return [];
    const { inputs, outputs } = actionFile.parse(parse(readFileSync(file, 'utf8')));
    return [
      name,
      ...Object.keys(inputs ?? {}).map((input) => `${name} takes ${input}`),
      ...Object.keys(outputs ?? {}).map((output) => `${name} gives ${output}`),
    ];
  });
}

/** Every workflow with its triggers, their inputs, and its jobs. */
function workflows(): string[] {
  const folder = join(ROOT, '.github/workflows');
  return readdirSync(folder).flatMap((name) => {
    const { on, jobs } = workflowFile.parse(parse(readFileSync(join(folder, name), 'utf8')));
    return [
      ...Object.entries(on).flatMap(([event, value]) => triggerLines(`${name} on ${event}`, value)),
      ...Object.keys(jobs).map((job) => `${name} job ${job}`),
    ];
  });
}

function triggerLines(line: string, value: unknown): string[] {
  const trigger = triggerShape.parse(value);
  if (trigger === null) return [line];
  if (Array.isArray(trigger)) return trigger.map(({ cron }) => `${line} ${cron}`);
  return [line, ...Object.keys(trigger.inputs ?? {}).map((input) => `${line} takes ${input}`)];
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(INVENTORY_FILE, `${JSON.stringify(await inventory(), null, 2)}\n`);
}
