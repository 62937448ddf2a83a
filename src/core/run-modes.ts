import { TipoffError } from './errors.ts';

/**
 * Run modes of a prediction batch. `threshold` is the minimum feature quality; a player below it waits for a later mode. A
 * mode with `replaces` predicts players again who already have a visible prediction; one with `renews` does so only where the
 * line, the tip-off or the teammates expected to play have changed since.
 */
export const RUN_MODES = {
  FIRST: { threshold: 85, replaces: false, renews: false, backfill: false, at: '08:00' },
  RETRY: { threshold: 85, replaces: false, renews: true, backfill: false, at: '09:00, 10:00 and 12:00' },
  FINAL_RETRY: { threshold: 80, replaces: false, renews: true, backfill: false, at: '13:00' },
  LAST_CALL: {
    threshold: 70,
    replaces: false,
    renews: true,
    backfill: false,
    at: '16:00, and 180 and 20 minutes before each tip-off',
  },
  LINE_UPDATE: { threshold: 85, replaces: true, renews: true, backfill: false, at: 'when lines move' },
  BACKFILL: {
    threshold: 70,
    replaces: false,
    renews: false,
    backfill: true,
    at: 'by hand, past slates only',
  },
} as const;

/** Minutes before a tip-off at which the last-call runs are due. Most player statuses are settled between the two. */
export const LAST_CALL_MINUTES = [180, 20] as const;

export type RunMode = keyof typeof RUN_MODES;

/** Legacy names of the modes. */
const ALIASES: Readonly<Record<string, RunMode>> = {
  EARLY: 'FIRST',
  PRE_GAME: 'FIRST',
  OVERNIGHT: 'RETRY',
  SAME_DAY: 'RETRY',
  MORNING: 'RETRY',
};

/** Every accepted name of a mode, legacy names included. */
export const RUN_MODE_NAMES: readonly string[] = [...Object.keys(RUN_MODES), ...Object.keys(ALIASES)];

/** Reads a run mode, case-insensitive. Throws TIPOFF_BAD_INPUT for an unknown name. */
export function parseRunMode(text: string): RunMode {
  const name = text.trim().toUpperCase();
  if (isRunMode(name)) return name;
  const alias = ALIASES[name];
  if (alias !== undefined) return alias;
  throw new TipoffError(
    'TIPOFF_BAD_INPUT',
    `expected a run mode (${Object.keys(RUN_MODES).join(', ')}), saw "${text}"`,
    {
      hint: 'Choose one of the modes; past slates take BACKFILL.',
      details: { value: text },
    },
  );
}

function isRunMode(name: string): name is RunMode {
  return Object.hasOwn(RUN_MODES, name);
}
