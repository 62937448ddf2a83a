import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_RULES, type Opinion, recommend } from '#pipeline/batch/prediction-rows.ts';

const OPINION: Opinion = {
  system_id: 'ridge',
  predicted: 24,
  line_role: 'main',
  line: '20.5',
  p_over: 0.68,
  p_under: 0.32,
  over_price: -110,
  under_price: -110,
  feature_quality_score: 95,
};
const said = (change: Partial<Opinion>, rules = DEFAULT_RULES) => recommend({ ...OPINION, ...change }, rules);

describe('the recommendation of a row', () => {
  it('names the side that is expected to earn at its price', () => {
    expect(said({})).toEqual({
      recommendation: 'OVER',
      edge: 3.5,
      confidence: 0.68,
      expected_value: expect.closeTo(0.68 / 1.1 - 0.32, 12),
      is_actionable: true,
      filter_reason: null,
    });
    const under = said({ predicted: 17, p_over: 0.3, p_under: 0.7 });
    expect(under).toEqual({
      recommendation: 'UNDER',
      edge: -3.5,
      confidence: 0.7,
      expected_value: expect.closeTo(0.7 / 1.1 - 0.3, 12),
      is_actionable: true,
      filter_reason: null,
    });
  });

  it('says NO_LINE without a line, and PASS when no side pays', () => {
    const none = said({ line: null, p_over: null, p_under: null });
    expect(none).toEqual({
      recommendation: 'NO_LINE',
      edge: null,
      confidence: null,
      expected_value: null,
      is_actionable: false,
      filter_reason: 'no_line',
    });
    expect(said({ p_over: 0.52, p_under: 0.48 })).toMatchObject({
      recommendation: 'PASS',
      filter_reason: 'pass',
      is_actionable: false,
    });
  });

  it('measures against -110 where no price is known, against the price where it is', () => {
    const close = { p_over: 0.53, p_under: 0.47 };
    expect(said({ ...close, over_price: null }).recommendation).toBe('OVER');
    expect(said({ ...close, over_price: -130 }).recommendation).toBe('PASS');
    expect(said({ p_over: 0.523, p_under: 0.477, over_price: null }).recommendation).toBe('PASS');
    expect(said({ p_over: 0.523, p_under: 0.477, over_price: 105 }).recommendation).toBe('OVER');
    expect(said({ p_over: 0.9, p_under: 0.1, over_price: 37 }).recommendation).toBe('OVER');
  });

  it('leaves pushes out of the probability', () => {
    const whole = said({ line: '20', p_over: 0.48, p_under: 0.4, predicted: 23.5 });
    expect(whole.recommendation).toBe('OVER');
    expect(whole.confidence).toBeCloseTo(0.48 / 0.88, 12);
  });

  it('never names a side that contradicts the point forecast', () => {
    expect(said({ predicted: 19 }).recommendation).toBe('PASS');
    expect(said({ predicted: 20.5 }).recommendation).toBe('PASS');
    expect(said({ predicted: 22, p_over: 0.3, p_under: 0.7 }).recommendation).toBe('PASS');
  });

  it('takes the side that earns more, although the other is likelier, where prices say so', () => {
    const long = { predicted: 21, p_over: 0.46, p_under: 0.54 };
    expect(said({ ...long, over_price: 150, under_price: -180 })).toMatchObject({
      recommendation: 'OVER',
      confidence: 0.46,
      expected_value: expect.closeTo(0.46 * 1.5 - 0.54, 12),
    });
    expect(said({ ...long, predicted: 20, over_price: -110, under_price: -110 }).recommendation).toBe(
      'UNDER',
    );
  });

  it('asks of a pick as much as it is told to ask', () => {
    const some = { p_over: 0.55, p_under: 0.45 };
    expect(said(some)).toMatchObject({ recommendation: 'OVER', is_actionable: true });
    expect(said(some, { ...DEFAULT_RULES, minValue: 0.06 })).toMatchObject({
      recommendation: 'OVER',
      is_actionable: false,
      filter_reason: 'low_value',
    });
  });

  it('keeps sides that are no picks with the first reason against them', () => {
    const small = { p_over: 0.53, p_under: 0.47 };
    expect(said({ ...small, system_id: 'ewma8', feature_quality_score: 70 }).filter_reason).toBe(
      'shadow_system',
    );
    expect(said({ ...small, line_role: 'second' }).filter_reason).toBe('second_line');
    expect(said({ ...small, feature_quality_score: 70 }).filter_reason).toBe('low_value');
    expect(said({ feature_quality_score: 79.9 }).filter_reason).toBe('not_quality_ready');
    expect(said({ feature_quality_score: 80 }).is_actionable).toBe(true);
  });

  it('agrees with itself for any opinion: side, sign of the edge, picks', () => {
    const opinion = fc.record({
      predicted: fc.double({ min: 0, max: 60, noNaN: true }),
      line: fc.option(fc.integer({ min: 1, max: 100 }).map((half) => String(half / 2))),
      p_over: fc.double({ min: 0, max: 1, noNaN: true }),
      feature_quality_score: fc.double({ min: 0, max: 100, noNaN: true }),
      over_price: fc.option(fc.constantFrom(-300, -110, 100, 250, 0)),
    });
    fc.assert(
      fc.property(opinion, (drawn) => {
        const row = said({ ...drawn, p_under: 1 - drawn.p_over });
        expect(row.is_actionable).toBe(row.filter_reason === null);
        expect(row.edge === null).toBe(drawn.line === null);
        if (row.is_actionable) expect(['OVER', 'UNDER']).toContain(row.recommendation);
        if (row.recommendation === 'OVER') expect(row.edge).toBeGreaterThan(0);
        if (row.recommendation === 'UNDER') expect(row.edge).toBeLessThan(0);
      }),
    );
  });
});
