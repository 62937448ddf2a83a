import type { Slate } from '#core/calendar.ts';
import { monthOf } from './ledger.ts';

export interface UnitResult {
  readonly step: string;
  readonly month: string;
  readonly slates: number;
}

/** Slates by step, as units of calendar months. */
export class SlateTally {
  readonly #slates = new Map<string, Map<Slate, string>>();

  add(step: string, slate: Slate, reason = ''): void {
    const own = this.#slates.get(step) ?? new Map<Slate, string>();
    this.#slates.set(step, own.set(slate, reason));
  }

  /** The slates of a step. */
  of(step: string): ReadonlySet<Slate> {
    return new Set(this.#slates.get(step)?.keys());
  }

  units(): UnitResult[] {
    return [...this.#slates].flatMap(([step, own]) =>
      [...Map.groupBy(own.keys(), monthOf)].map(([month, those]) => ({ step, month, slates: those.length })),
    );
  }

  /** Units by reason as well. */
  reasons(): (UnitResult & { readonly reason: string })[] {
    return [...this.#slates].flatMap(([step, own]) => {
      const groups = Map.groupBy(own, ([slate, reason]) => `${monthOf(slate)}\n${reason}`);
      return [...groups].map(([key, those]) => {
        const [month = '', ...reason] = key.split('\n');
        return { step, month, slates: those.length, reason: reason.join('\n') };
      });
    });
  }
}
