import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DRILLS } from '#guard/drills/catalogue/catalogue.ts';
import { COVERED } from '#guard/drills/incidents.ts';
import { mutants } from '#test/mutation/mutants.ts';

describe('the record of incidents', () => {
  it('has each incident once: as drills, or covered otherwise', () => {
    const drilled = new Set(DRILLS.map(({ incident }) => incident));
    const ids = COVERED.map(({ incident }) => incident);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => drilled.has(id))).toEqual([]);
    expect(drilled.size + ids.length).toBe(106);
  });

  it('names mutants that are made and proofs that are there', () => {
    const made = new Set(mutants().map(({ operator, place }) => `${operator} | ${place}`));
    const missing = COVERED.filter(({ cover }) =>
      'operator' in cover ? !made.has(`${cover.operator} | ${cover.place}`) : !existsSync(cover.proof),
    );
    expect(missing.map(({ incident }) => incident)).toEqual([]);
  });
});
