import { describe, expect, test } from 'vitest';
import { addDays, parseSlate, type Slate } from '#core/calendar.ts';
import { CATALOGUE } from '#guard/canaries/catalogue/catalogue.ts';
import type { Canary } from '#guard/canaries/definition.ts';
import type { IncidentDoc } from '#guard/incidents/document.ts';
import { applyRuns, type CheckResult, type CheckRun, checkRuns } from '#guard/incidents/update.ts';

const FIRST = parseSlate('2025-01-06');
const LENGTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const HOUR = 3_600_000;

const noonOf = (slate: Slate): Date => new Date(`${slate}T17:00:00Z`);

function result(canary: Canary, slate: Slate, status: 'pass' | 'fail' | 'skip'): CheckResult {
  return {
    check: canary.id,
    phase: canary.phase,
    status,
    severity: canary.severity.at(-1)?.severity ?? 'warning',
    question: canary.question,
    expected: canary.expected,
    seen: 0,
    offenders: [],
    offender_count: 1,
    reason: status,
    slate,
    repair: canary.repair,
    runbook: canary.runbook,
    depends_on: canary.dependsOn,
  };
}

/** What the checks say at an instant: of today, and of each earlier slate that is still asked about. */
function look(canary: Canary, at: Date, answers: readonly (readonly [Slate, 'pass' | 'fail' | 'skip'])[]) {
  const runs: CheckRun[] = answers.map(([slate, status]) => ({
    run_id: `${at.toISOString()} ${slate}`,
    slate,
    as_of: at,
    results: [result(canary, slate, status)],
  }));
  return checkRuns(runs, [canary]);
}

test('what was accepted of a check of the present stays accepted until there is more of it', () => {
  const canary = CATALOGUE.find(({ id }) => id === 'season_reconciled');
  if (canary === undefined) throw new Error('expected the check');
  const failing = (slate: Slate, offenders: readonly string[]): CheckRun[] => {
    const [run] = look(canary, noonOf(slate), [[slate, 'fail']]);
    if (run === undefined) throw new Error('expected a run');
    return [
      {
        ...run,
        results: run.results.map((one) => ({ ...one, offenders, offender_count: offenders.length })),
      },
    ];
  };
  const opened = applyRuns(new Map(), failing(FIRST, ['2024-11-05', '2024-11-06'])).heads;
  const accepted = new Map(
    [...opened].map(([id, head]) => [
      id,
      {
        ...head,
        status: 'accepted' as const,
        slates: Object.fromEntries(
          Object.entries(head.slates).map(([slate, state]) => [
            slate,
            { ...state, accepted: { by: 'ann', at: noonOf(FIRST).toISOString(), reason: 'never sent' } },
          ]),
        ),
      },
    ]),
  );
  const later = applyRuns(accepted, failing(addDays(FIRST, 1), ['2024-11-06'])).heads;
  expect(later.get(canary.id)?.status).toBe('accepted');
  const more = applyRuns(later, failing(addDays(FIRST, 2), ['2024-11-06', '2024-12-01'])).heads;
  expect(more.get(canary.id)?.status).toBe('open');
});

describe('an incident lasts as long as its cause', () => {
  test.each(CATALOGUE.map((canary) => [canary.id, canary] as const))(
    '%s: 1 to 10 broken slates in a row',
    (_id, canary) => {
      for (const length of LENGTHS) {
        let heads: ReadonlyMap<string, IncidentDoc> = new Map();
        const state = () => heads.get(canary.id)?.status;
        const hear = (runs: readonly CheckRun[]): void => {
          heads = applyRuns(heads, runs).heads;
        };
        const broken = Array.from({ length }, (_, i) => addDays(FIRST, i));
        for (const [i, slate] of broken.entries()) {
          const asked = canary.looksAt === 'now' ? [slate] : broken.slice(0, i + 1);
          hear(
            look(
              canary,
              noonOf(slate),
              asked.map((one) => [one, 'fail'] as const),
            ),
          );
          expect(state(), `${length} slates, day ${i + 1}`).toBe('open');
        }
        // A day without games, then a healthy one: neither repairs what lies behind.
        const rest = addDays(FIRST, length);
        if (canary.looksAt !== 'now') {
          hear(look(canary, noonOf(rest), [[rest, 'skip'], ...broken.map((one) => [one, 'fail'] as const)]));
          expect(state(), `${length} slates, a day without games`).toBe('open');
        }
        const next = addDays(FIRST, length + 1);
        const isNow = canary.looksAt === 'now';
        if (!isNow) {
          const part = broken.map((one, i) => [one, i === 0 && length > 1 ? 'pass' : 'fail'] as const);
          hear(look(canary, noonOf(next), [[next, 'pass'], ...part]));
          expect(state(), `${length} slates, one of them repaired`).toBe('open');
        }
        const repaired = new Date(noonOf(next).getTime() + HOUR);
        hear(
          look(canary, repaired, [
            [next, 'pass'],
            ...(isNow ? [] : broken.map((one) => [one, 'pass'] as const)),
          ]),
        );
        expect(state(), `${length} slates, repaired`).toBe('resolved');
      }
    },
  );
});
