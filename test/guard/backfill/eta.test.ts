import { describe, expect, it } from 'vitest';
import { parseSlate } from '#core/calendar.ts';
import { forecast, pace, ratesOf, workloadOf } from '#guard/backfill/eta.ts';
import type { Fingerprints, IngestedInput } from '#guard/backfill/inputs.ts';
import { digestOf, partsReader } from '#guard/backfill/parts.ts';
import type { Chunk } from '#guard/backfill/slates.ts';
import { backfillSteps } from '#guard/backfill/steps.ts';

const slates = ['2024-11-04', '2024-11-06', '2024-11-08', '2024-11-12'].map(parseSlate);
/** Eight games on every slate, and 100 raw lines on the last. */
const inputs = new Map<IngestedInput, Fingerprints>([
  ['calendar', new Map(slates.map((slate) => [slate, 'digest:8']))],
  ['player_lines', new Map(slates.slice(3).map((slate) => [slate, '-123:100']))],
]);
const workload = workloadOf(inputs);
const steps = backfillSteps({ codeVersion: '1', functionLibrary: '' });
const chunkOf = (name: string, from = 0, to = slates.length): Chunk => {
  const step = steps.find((one) => one.name === name);
  if (step === undefined) throw new Error(`no step ${name}`);
  return { step, slates: slates.slice(from, to) };
};

describe('the workload', () => {
  it('of a slate grows with what it has of the rows that its step reads', () => {
    expect(workload.slates('PlayerGameSummary', slates)).toBeCloseTo(
      4 * workload.slates('PlayerGameSummary', slates.slice(0, 1)),
      12,
    );
    expect(workload.slates('PlayerPropLines', slates.slice(0, 3))).toBe(0);
    expect(workload.slates('PlayerPropLines', slates)).toBeGreaterThan(0);
  });

  it('of beginning grows with the history before the last slate, where history is read', () => {
    const [early, late] = [slates.slice(0, 1), slates.slice(3)];
    expect(workload.begin('PlayerDailyCache', late)).toBeGreaterThan(
      workload.begin('PlayerDailyCache', early),
    );
    expect(workload.begin('Predictions', late) - workload.begin('Predictions', early)).toBeGreaterThan(
      workload.begin('PlayerDailyCache', late) - workload.begin('PlayerDailyCache', early),
    );
    expect(workload.begin('PlayerGameSummary', late)).toBe(workload.begin('PlayerGameSummary', early));
  });

  it('of forecasting grows with its weeks, each of which trains models on two years', () => {
    const begin = (calendar: readonly string[], ...forecast: string[]): number => {
      const games = new Map(calendar.map((slate) => [parseSlate(slate), 'digest:1000']));
      return workloadOf(new Map([['calendar', games]])).begin('Predictions', forecast.map(parseSlate));
    };
    const played = ['2023-01-04', '2024-01-03'];
    const oneWeek = begin(played, '2024-12-11');
    expect(begin(played, '2024-12-10', '2024-12-11')).toBe(oneWeek);
    const secondWeek = begin(played, '2024-12-03', '2024-12-11') - oneWeek;
    expect(secondWeek).toBeGreaterThan(1);
    // A third season is read and calibrates nothing.
    const longer = ['2021-01-04', ...played];
    expect(begin(longer, '2024-12-11')).toBeGreaterThan(oneWeek);
    expect(begin(longer, '2024-12-03', '2024-12-11') - begin(longer, '2024-12-11')).toBeCloseTo(
      secondWeek,
      9,
    );
  });

  it('is known for a step and for slates that nobody measured', () => {
    expect(workload.slates('Unheard', [parseSlate('2030-01-01')])).toBeGreaterThan(0);
  });
});

describe('the rates', () => {
  it('are what was measured against the workload', () => {
    const rates = ratesOf([
      { step: 'PlayerDailyCache', seconds: 3, workload: 1 },
      { step: 'PlayerDailyCache', seconds: 1, workload: 1 },
      { step: 'Grades', seconds: 8, workload: 2 },
    ]);
    expect([rates('PlayerDailyCache'), rates('Grades')]).toEqual([2, 4]);
  });

  it('of what was never measured are those of all that was', () => {
    expect(ratesOf([])('MLFeatureStore')).toBe(1);
    expect(ratesOf([{ step: 'PlayerDailyCache', seconds: 10, workload: 1 }])('MLFeatureStore')).toBe(10);
    expect(ratesOf([{ step: 'PlayerDailyCache', seconds: 5 }])('PlayerDailyCache')).toBe(1);
  });
});

describe('the pace', () => {
  const planned = new Map([
    ['short', 1],
    ['long', 30],
  ]);

  it('of a machine three times slower than thought triples what is left', () => {
    const slow = pace(planned);
    expect(slow.remaining(planned)).toBeCloseTo(31, 9);
    for (let i = 0; i < 20; i++) slow.record('long', 0.5, 1.5);
    expect(slow.remaining(new Map([['long', 20]]))).toBeGreaterThan(20 * 3 * 0.9);
    expect(slow.remaining(new Map([['long', 20]]))).toBeLessThanOrEqual(20 * 3);
  });

  it('is not led astray by a short first step: it counts as much as it is of the run', () => {
    const odd = pace(planned);
    odd.record('short', 1, 2);
    const left = odd.remaining(new Map([['long', 30]]));
    expect(left).toBeGreaterThan(30);
    expect(left).toBeLessThan(30 * 1.6);
  });

  it('of a step counts for the rest of that step, whatever the others did', () => {
    const mixed = pace(planned);
    mixed.record('short', 1, 4);
    for (let i = 0; i < 15; i++) mixed.record('long', 1, 1);
    expect(mixed.remaining(new Map([['long', 15]]))).toBeLessThan(15 * 1.15);
  });
});

describe('the forecast', () => {
  const chunks = [chunkOf('PlayerGameSummary'), chunkOf('Predictions'), chunkOf('Grades')];
  const one = (): number => 1;

  it('is the workload of all chunks and of their beginnings, at the rates of the ledger', () => {
    const expected = chunks.reduce(
      (sum, { step, slates: own }) => sum + workload.slates(step.name, own) + workload.begin(step.name, own),
      0,
    );
    expect(forecast(chunks, workload, one).seconds).toBeCloseTo(expected, 12);
    expect(forecast(chunks, workload, () => 5).seconds).toBeCloseTo(5 * expected, 12);
  });

  it('comes to nothing when everything took what was estimated, and is right on the way', () => {
    const whole = forecast(chunks, workload, one);
    let spent = 0;
    for (const chunk of chunks) {
      for (const slate of chunk.slates) {
        const begin = slate === chunk.slates[0] ? workload.begin(chunk.step.name, chunk.slates) : 0;
        const seconds = begin + workload.slates(chunk.step.name, [slate]);
        spent += seconds;
        expect(whole.record(chunk, [slate], seconds).remaining).toBeCloseTo(whole.seconds - spent, 9);
      }
    }
  });

  it('keeps what it takes to begin apart from what slates take, for the ledger and for the rest', () => {
    const begin = workload.begin('Predictions', slates);
    const own = workload.slates('Predictions', slates.slice(0, 1));
    const recorded = forecast(chunks, workload, one).record(
      chunks[1] ?? chunkOf('Predictions'),
      slates.slice(0, 1),
      2 * (begin + own),
    );
    expect(recorded.workload).toBeCloseTo(own, 12);
    expect(recorded.seconds).toBeCloseTo(2 * own, 12);
  });

  it('learns nothing from what failed, and does not wait for it any more', () => {
    const failing = forecast(chunks, workload, one);
    const recorded = failing.record(chunkOf('Predictions'), slates, 0);
    expect([recorded.seconds, recorded.workload]).toEqual([0, 0]);
    expect(recorded.remaining).toBeCloseTo(
      failing.seconds - workload.slates('Predictions', slates) - workload.begin('Predictions', slates),
      9,
    );
  });
});

describe('fingerprints', () => {
  const digests = (box: readonly string[]): Map<string, readonly string[]> => {
    const reader = partsReader(
      steps,
      slates,
      new Map([['player_box' as const, new Map(slates.map((slate, i) => [slate, box[i] ?? '']))]]),
    );
    const found = new Map<string, readonly string[]>();
    for (const step of steps) {
      const parts = reader.parts(step);
      reader.provide(step, parts, new Set(slates));
      found.set(
        step.name,
        slates.map((slate) => digestOf(parts.get(slate) ?? {})),
      );
    }
    return found;
  };
  const changed = (step: string): boolean[] => {
    const [then, now] = [
      digests(['a', 'b', 'c', 'd']).get(step) ?? [],
      digests(['a', 'B', 'c', 'd']).get(step) ?? [],
    ];
    return then.map((digest, i) => digest !== now[i]);
  };

  it('change for the slate itself where its own rows are read', () =>
    expect(changed('PlayerGameSummary')).toEqual([false, true, false, false]));
  it('change for everything after it where history is read', () =>
    expect(changed('PlayerDailyCache')).toEqual([false, false, true, true]));
  it('change below what changed', () =>
    expect(changed('MLFeatureStore')).toEqual([false, false, true, true]));
  it('change for predictions with the features and with the model of the next Monday', () =>
    expect(changed('Predictions')).toEqual([false, false, true, true]));
  it('change for grades of the slate, whose outcome it is', () =>
    expect(changed('Grades')).toEqual([false, true, true, true]));
  it('do not change where nothing of it is read', () =>
    expect(changed('PlayerShotZoneAnalysis')).toEqual([false, false, false, false]));
});
