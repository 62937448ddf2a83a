import type { FindingDraft } from './finding.ts';
import { both } from './statements.ts';

/** Who uses views and functions, as far as a verdict depends on it. */
export interface TextUse {
  readers(table: string, column: string): readonly string[];
  readersOf(table: string): readonly string[];
}

/** A view or a function that the code no longer has. */
export function removed(
  id: string,
  what: 'view' | 'function',
  readers: readonly string[],
  drop: string,
): FindingDraft {
  const base = {
    table: id,
    column: null,
    kind: what === 'view' ? 'view_removed' : 'function_removed',
    direction: 'code_first',
    before: what,
    after: null,
    fix: both(drop),
  } as const;
  return readers.length > 0
    ? {
        ...base,
        class: 'breaking',
        message: `${id} is gone from the code but still used by ${readers.join(', ')}. Change them first.`,
      }
    : {
        ...base,
        class: 'needs_order',
        message: `${id} is gone from the code. It may stay, or be dropped once the code that used it is gone.`,
      };
}

/** Text without differences of white space. */
export function words(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
