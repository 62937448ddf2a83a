import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** What the source of a guard that stops something says, and what it says when the guard is off. */
interface Switch {
  /** Names of the guards, as `gateOf` gives them; a group is what the texts name as `$1`. */
  readonly guards: RegExp;
  /** Path from the root of the repository. */
  readonly file: string;
  /** Occurs once in the file. Where several guards share it, it is a part of `off`: one after the other is switched off. */
  readonly on: string;
  readonly off: string;
}

const AUDIT = 'src/pipeline/batch/audit.ts';
const GATE = 'src/pipeline/batch/plan.ts';
const FEED = 'test/mutation/feed.ts';

/**
 * Guards that stop something are switched off in their source, as it is loaded: a process that runs without one has no other way to
 * do so. Guards that only say something need no switch: what they say is left out.
 */
const SWITCHES: readonly Switch[] = [
  {
    guards: /^audit: (\w+)$/,
    file: AUDIT,
    on: `return checks.filter(({ status, severity }) => status !== 'pass' && severity === 'critical')`,
    off: `return checks.filter(({ status, severity }) => status !== 'pass' && severity === 'critical').filter(({ check: id }) => id !== '$1')`,
  },
  { guards: /^skip: (\w+)$/, file: GATE, on: `return '$1';`, off: '{}' },
  {
    guards: /^held: (\w+)$/,
    file: 'src/pipeline/precompute/readiness.ts',
    on: `problems.push({ ...found,`,
    off: `if (check !== '$1') problems.push({ ...found,`,
  },
  {
    guards: /^day: TIPOFF_NOT_READY$/,
    file: GATE,
    on: 'if (first === undefined) return;',
    off: 'if (first === undefined || unfit.length > 0) return;',
  },
  {
    guards: /^day: TIPOFF_SCHEMA_MISMATCH$/,
    file: 'src/platform/warehouse/records.ts',
    on: 'if (problems.length === 0) return;',
    off: 'if (problems.length >= 0) return;',
  },
  {
    guards: /^failed: TIPOFF_INTEGRITY$/,
    file: 'src/model/artefact.ts',
    on: 'if (expectedHash !== undefined && sha256(bytes) !== expectedHash) {',
    off: 'if (expectedHash !== undefined && sha256(bytes) === undefined) {',
  },
  {
    guards: /^quarantine: impossible_value$/,
    file: 'src/pipeline/ingest/ingest.ts',
    on: 'if (breach === undefined) {',
    off: 'if (breach === undefined || breach !== undefined) {',
  },
  {
    guards: /^quarantine: in_play_snapshot$/,
    file: 'src/pipeline/ingest/in-play.ts',
    on: 'if (start === undefined || taken <= start) {',
    off: 'if (start === undefined || !(taken < Number.NEGATIVE_INFINITY)) {',
  },
  {
    guards: /^quarantine: missing_field$/,
    file: FEED,
    on: '    if (column.required)\n',
    off: '    if (column.required && value !== null && value !== undefined)\n',
  },
  {
    guards: /^quarantine: bad_number$/,
    file: FEED,
    on: 'if (!isNumber)',
    off: 'if (!isNumber && value === null)',
  },
  {
    guards: /^quarantine: bad_line$/,
    file: FEED,
    on: `if (typeof value !== 'string' || !/^-?\\d+(?:\\.\\d+)?$/.test(value))`,
    off: 'if (value === null)',
  },
];

/** A change of one file. */
interface Edit {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** The change of source that switches a guard off; undefined for one that only says something. */
export function switchOf(guard: string): Edit | undefined {
  for (const { guards, file, on, off } of SWITCHES) {
    const found = guards.exec(guard);
    if (found === null) continue;
    const named = (text: string): string => text.replaceAll('$1', () => found[1] ?? '');
    return { file, from: named(on), to: named(off) };
  }
  return undefined;
}

/** A source with a change made. Throws when what is to be changed does not occur in it exactly once. */
export function changedSource(source: string, { file, from, to }: Edit): string {
  const parts = source.split(from);
  if (parts.length !== 2)
    throw new Error(`expected ${from} once in ${file}, saw it ${parts.length - 1} times`);
  return parts.join(to);
}

/** Switches guards off in every module that this process loads from now on. */
export function switchOff(guards: readonly string[]): void {
  const edits = guards.flatMap((guard) => switchOf(guard) ?? []);
  if (edits.length === 0) return;
  const root = resolve(import.meta.dirname, '../..');
  const byUrl = Map.groupBy(edits, ({ file }) => pathToFileURL(resolve(root, file)).href);
  registerHooks({
    load: (url, context, nextLoad) => {
      const loaded = nextLoad(url, context);
      const own = byUrl.get(url);
      if (own === undefined) return loaded;
      const text =
        typeof loaded.source === 'string'
          ? loaded.source
          : new TextDecoder().decode(loaded.source ?? undefined);
      return { ...loaded, source: own.reduce(changedSource, text) };
    },
  });
}
