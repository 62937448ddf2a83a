import { describe, expect, it } from 'vitest';
import { breakdownLines, evaluationLines } from '#app/cli/evaluation-text.ts';
import type { Evaluation } from '#app/evaluation.ts';
import { MARKETS } from '#core/markets.ts';
import { evaluate } from '#model/evaluate.ts';
import { DIMENSIONS } from '#model/report.ts';
import { syntheticSet } from '#test/model/synthetic-set.ts';

const set = syntheticSet({ from: '2023-10-24', slates: 80, rowsPerSlate: 40, lined: 0.4 });
const presence = Array.from({ length: 200 }, (_, i) => ({
  slate: '2023-12-20',
  status: 'unlisted',
  pPlays: (i % 10) / 10 + 0.05,
  played: i % 3 === 0,
}));
const one = evaluate(set, {
  from: '2023-12-18',
  to: '2024-01-11',
  presence,
  codeVersion: 'c',
  featureContractHash: 'h',
});
const LONG = ['points', 'rebounds', 'assists', 'threes', 'pra'];
/** The same figures for every market, with lines where there usually are some. */
const report: Evaluation = {
  ...one,
  markets: MARKETS.flatMap(({ id }) =>
    one.markets.map((scores) =>
      LONG.includes(id)
        ? { ...scores, market: id }
        : { ...scores, market: id, line: null, at_lines: null, against: { ...scores.against, line: null } },
    ),
  ),
  alarms: [],
  areGamesReal: true,
};

describe('the text of an evaluation', () => {
  it('is one screen: eleven markets, their lines, bets, presence and alarms in some fifty lines of 110 columns', () => {
    const lines = evaluationLines(report);
    expect(lines.length).toBeLessThanOrEqual(52);
    expect(lines.filter((line) => line.length > 110)).toEqual([]);
    const text = lines.join('\n');
    for (const { id } of MARKETS) expect(text).toContain(`\n${id} `);
    for (const part of [
      'CRPS to ewma8',
      'Brier to the line',
      'hit rate',
      'units a bet',
      'P(plays)',
      'No leak alarm',
    ])
      expect(text).toContain(part);
  });

  it('has a table of forecasts and one of lines for what rows are grouped by', () => {
    for (const dimension of DIMENSIONS) {
      const lines = breakdownLines(report, dimension, 'points');
      expect(lines.filter((line) => line.length > 110)).toEqual([]);
      const titles = lines.filter((line) => line.endsWith(':'));
      const hasErrors = dimension !== 'book' && dimension !== 'lead';
      expect(titles).toEqual([
        ...(hasErrors ? [`points by ${dimension}:`] : []),
        `At bookmakers’ lines by ${dimension}, points:`,
      ]);
    }
    expect(breakdownLines(report, 'book', 'steals')[1]).toBe(
      'At bookmakers’ lines by book, lines of all markets:',
    );
  });

  it('names every alarm with what was seen and the limit', () => {
    const alarm = {
      kind: 'step',
      market: 'steals',
      of: 'stl_ewma8',
      seen: 0.9,
      limit: 0.35,
      rows: 2000,
    } as const;
    expect(evaluationLines({ ...report, alarms: [alarm] }).at(-1)).toBe(
      'ALARM step of stl_ewma8 in steals: 0.900 on 2000 rows, limit 0.35: presumed leak',
    );
  });
});
