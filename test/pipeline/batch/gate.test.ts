import { describe, expect, it } from 'vitest';
import type { RunMode } from '#core/run-modes.ts';
import { type Candidate, gate } from '#pipeline/batch/plan.ts';

const NOW = new Date('2025-01-10T13:00:00Z');
const GOOD: Candidate = {
  player_id: 1,
  game_id: '0022400001',
  tipoff_at: '2025-01-11T00:00:00.000Z',
  injury_status: null,
  is_played: true,
  claim: null,
  is_history_whole: true,
  is_stale: false,
  is_line_implausible: false,
  required_default_count: 0,
  feature_quality_score: 95,
  matchup_quality_pct: 90,
  quality_alert_level: 'green',
};
const asked = (change: Partial<Candidate>, mode: RunMode = 'FIRST', now = NOW) =>
  gate({ ...GOOD, ...change }, mode, now);

describe('the gate', () => {
  it('lets a player with sound features through', () => {
    expect(asked({})).toBeUndefined();
  });

  it.each([
    ['already_predicted', { claim: 'holds' }],
    ['game_postponed', { is_played: false }],
    ['last_game_unknown', { is_history_whole: false }],
    ['inputs_stale', { is_stale: true }],
    ['implausible_line', { is_line_implausible: true }],
    ['player_out', { injury_status: 'out' }],
    ['player_out', { injury_status: 'doubtful' }],
    ['game_started', { tipoff_at: NOW.toISOString() }],
    [
      'no_features',
      {
        required_default_count: null,
        feature_quality_score: null,
        matchup_quality_pct: null,
        quality_alert_level: null,
      },
    ],
    ['required_feature_missing', { required_default_count: 1 }],
    ['red_quality', { quality_alert_level: 'red' }],
    ['matchup_quality_low', { matchup_quality_pct: 49.999 }],
    ['below_threshold', { feature_quality_score: 84.999 }],
  ] as const)('says %s for %j', (reason, change) => {
    expect(asked(change)).toBe(reason);
  });

  it('gives the first reason of several', () => {
    const worst: Partial<Candidate> = {
      is_played: false,
      claim: 'holds',
      injury_status: 'out',
      tipoff_at: NOW.toISOString(),
      is_history_whole: false,
      is_stale: true,
      is_line_implausible: true,
      required_default_count: 3,
      quality_alert_level: 'red',
      matchup_quality_pct: 0,
      feature_quality_score: 0,
    };
    const removal: [string, Partial<Candidate>][] = [
      ['game_postponed', { is_played: true }],
      ['player_out', { injury_status: 'probable' }],
      ['already_predicted', { claim: null }],
      ['game_started', { tipoff_at: GOOD.tipoff_at }],
      ['last_game_unknown', { is_history_whole: true }],
      ['inputs_stale', { is_stale: false }],
      ['implausible_line', { is_line_implausible: false }],
      ['required_feature_missing', { required_default_count: 0 }],
      ['red_quality', { quality_alert_level: 'yellow' }],
      ['matchup_quality_low', { matchup_quality_pct: 50 }],
    ];
    let standing = worst;
    for (const [reason, change] of removal) {
      expect(asked(standing)).toBe(reason);
      standing = { ...standing, ...change };
    }
    expect(asked(standing)).toBe('below_threshold');
  });

  it('takes zero required defaults for what they are: none', () => {
    expect(asked({ required_default_count: 0 })).toBeUndefined();
  });

  it.each([
    ['FIRST', 85],
    ['RETRY', 85],
    ['FINAL_RETRY', 80],
    ['LAST_CALL', 70],
    ['BACKFILL', 70],
    ['LINE_UPDATE', 85],
  ] as const)('in %s takes players from a quality of %d on', (mode, threshold) => {
    expect(asked({ feature_quality_score: threshold }, mode)).toBeUndefined();
    expect(asked({ feature_quality_score: threshold - 0.001 }, mode)).toBe('below_threshold');
  });

  it('keeps the hard floor in every mode', () => {
    for (const mode of ['FIRST', 'RETRY', 'FINAL_RETRY', 'LAST_CALL', 'BACKFILL', 'LINE_UPDATE'] as const) {
      expect(asked({ quality_alert_level: 'red' }, mode)).toBe('red_quality');
      expect(asked({ matchup_quality_pct: 49 }, mode)).toBe('matchup_quality_low');
      expect(asked({ required_default_count: 1 }, mode)).toBe('required_feature_missing');
    }
  });

  it('lets only LINE_UPDATE replace a visible prediction, and only BACKFILL predict what has begun', () => {
    expect(asked({ claim: 'holds' }, 'LINE_UPDATE')).toBeUndefined();
    expect(asked({ claim: 'holds' }, 'BACKFILL')).toBe('already_predicted');
    expect(asked({ tipoff_at: '2025-01-10T12:00:00Z' }, 'BACKFILL')).toBeUndefined();
    expect(asked({ tipoff_at: '2025-01-10T12:00:00Z' }, 'LAST_CALL')).toBe('game_started');
  });
});
