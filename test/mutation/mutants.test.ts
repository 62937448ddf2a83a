import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseSlate } from '#core/calendar.ts';
import { tableId } from '#core/contracts/define.ts';
import { CONTRACTS } from '#core/contracts/index.ts';
import { SKIP_REASONS } from '#pipeline/batch/plan.ts';
import { ACCEPTED, MAX_ACCEPTED } from './accepted.ts';
import { prove } from './chains.ts';
import { kindOf, mutants, sampled } from './mutants.ts';
import { guardTable, withoutIt } from './page.ts';
import { changedSource, switchOf } from './switched-off.ts';
import { asksAbout, compareViews, type Judged } from './verdict.ts';
import type { DayView } from './view.ts';

const all = mutants();

/** Tables that nothing of a slate depends on, or of which the simulated league has none. */
const BESIDE = [
  'nba_raw.team_statements',
  'nba_raw.availability_reports',
  'nba_raw.roster_players',
  'nba_raw.shots',
  'nba_raw.rejected_rows',
  'nba_reference.players',
  'nba_reference.player_aliases',
  'nba_precompute.player_shot_zone_analysis',
  'nba_predictions.model_registry',
  'nba_orchestration.quality_reports',
  'nba_orchestration.canary_results',
  'nba_orchestration.provider_requests',
  'nba_orchestration.schema_changes',
];

describe('the mutants', () => {
  it('are at least 600 of at least 20 operators, each of its own', () => {
    expect(all.length).toBeGreaterThanOrEqual(600);
    expect(new Set(all.map(({ operator }) => operator)).size).toBeGreaterThanOrEqual(20);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  });

  it('are tried for one, three and eight slates in a row', () => {
    expect([...new Set(all.map(({ length }) => length))].sort()).toEqual([1, 3, 8]);
  });

  it('are drawn with one of each kind before a second of any, the same for the same seed', () => {
    const kinds = new Set(all.map(kindOf)).size;
    expect(new Set(sampled(all, kinds, 3).map(kindOf)).size).toBe(kinds);
    const ids = (seed: number) => sampled(all, 40, seed).map(({ id }) => id);
    expect(ids(3)).toEqual(ids(3));
    expect(ids(3)).not.toEqual(ids(4));
  });

  it('damage every table that a slate depends on', () => {
    const untouched = CONTRACTS.map(tableId).filter((id) => !all.some(({ place }) => place.includes(id)));
    expect(untouched.filter((id) => !BESIDE.includes(id))).toEqual([]);
  });

  it('leave few survivors that are accepted, each with its reason and each a mutant', () => {
    expect(ACCEPTED.length).toBeLessThanOrEqual(MAX_ACCEPTED);
    for (const { operator, place, why } of ACCEPTED) {
      expect(why).not.toBe('');
      expect(all.some((one) => one.operator === operator && one.place === place)).toBe(true);
    }
  });
});

/** A day on which nothing is told and nothing is visible, with what was blocked. */
function quietDay(blocks: DayView['blocks']): DayView {
  return {
    ...{ day: parseSlate('2024-11-20'), blocks, told: {}, explained: {}, listed: {}, failing: {} },
    ...{ visible: {}, grades: {}, documents: {} },
  };
}

describe('a guard that stops something', () => {
  const root = resolve(import.meta.dirname, '../..');
  const gates = Object.keys(SKIP_REASONS).filter((reason) => reason !== 'already_predicted');
  const guards = [
    'audit: rows_are_as_made',
    ...gates.map((reason) => `skip: ${reason}`),
    'held: results',
    'day: TIPOFF_NOT_READY',
    'day: TIPOFF_SCHEMA_MISMATCH',
    'failed: TIPOFF_INTEGRITY',
    ...['impossible_value', 'in_play_snapshot', 'missing_field', 'bad_number', 'bad_line'].map(
      (reason) => `quarantine: ${reason}`,
    ),
  ];

  it.each(guards)('can be switched off in its source: %s', (guard) => {
    const edit = switchOf(guard);
    const source = readFileSync(resolve(root, edit?.file ?? ''), 'utf8');
    expect(edit && changedSource(source, edit)).not.toBe(source);
  });

  it('can be switched off beside another one in the same place', () => {
    const edits = ['keys_are_unique', 'rows_are_as_made'].map((check) => switchOf(`audit: ${check}`));
    const source = readFileSync(resolve(root, edits[0]?.file ?? ''), 'utf8');
    const changed = edits.reduce((text, edit) => (edit ? changedSource(text, edit) : text), source);
    expect(changed).toContain("id !== 'keys_are_unique'");
    expect(changed).toContain("id !== 'rows_are_as_made'");
  });

  it('is not switched off without anybody noticing that its source has changed', () => {
    const edit = switchOf('held: results');
    expect(() => edit && changedSource('const other = 1;', edit)).toThrow('expected problems.push');
  });

  it('is told from one that only says something', () => {
    expect(switchOf('prediction_gap')).toBeUndefined();
    expect(switchOf('ingest: TIPOFF_UNKNOWN_FORMAT')).toBeUndefined();
  });

  it('is named after the reason of a worker that has no forecast', () => {
    const healthy = quietDay({});
    const blocks = { 'failed: no forecast of ridge: missing_features opp_pace': 16 };
    expect(compareViews(healthy, { ...healthy, blocks }).guards).toEqual(['failed: missing_features']);
  });

  it('says nothing in a comparison where it is switched off', () => {
    const [healthy, seen] = [quietDay({}), quietDay({ 'ingest: TIPOFF_UNKNOWN_FORMAT': 1 })];
    expect(compareViews(healthy, seen).guards).toEqual(['ingest: TIPOFF_UNKNOWN_FORMAT']);
    expect(compareViews(healthy, seen, ['ingest: TIPOFF_UNKNOWN_FORMAT']).guards).toEqual([]);
  });
});

/** A verdict of a mutant, told by guards at once unless said otherwise. */
function verdictOf(id: string, guards: readonly string[], more: Partial<Judged> = {}): Judged {
  return {
    ...{ id, operator: 'drop all', place: id, slates: 1, verdict: 'told', why: '' },
    ...{ guards, first: guards, told: guards, isNamed: true, cpuSeconds: 1 },
    ...more,
  };
}

describe('the proof of a guard', () => {
  /** What becomes of one mutant without some guards: the first entry of which all are off, the most of them first. */
  const playing =
    (entries: readonly (readonly [readonly string[], Partial<Judged>])[]) =>
    async (without: readonly string[], id: string): Promise<Judged> => {
      const found = entries
        .filter(([off]) => off.every((guard) => without.includes(guard)))
        .sort(([a], [b]) => b.length - a.length)[0];
      return verdictOf(id, found?.[1].guards ?? [], found?.[1] ?? {});
    };
  const survivor: Partial<Judged> = { verdict: 'survivor', why: 'a wrong number; nothing was said' };

  it('is a mutant that survives without it alone', async () => {
    const told = verdictOf('a', ['lines_present'], { harm: 'no line', telling: ['lines_present'] });
    const { chain } = await prove('lines_present', [told], playing([[['lines_present'], survivor]]));
    expect(chain).toEqual({ mutant: 'a', others: [], why: 'a wrong number; nothing was said' });
  });

  it('switches off what else tells of the same, and nothing that only failed', async () => {
    const telling = ['lines_present', 'coverage_kept'];
    const told = verdictOf('a', [...telling, 'rows_without_receipt'], { harm: 'no line', telling });
    const replay = playing([[telling, survivor]]);
    expect((await prove('lines_present', [told], replay)).chain?.others).toEqual(['coverage_kept']);
  });

  it('takes away one guard after the other, what stops something first, until nobody notices', async () => {
    const blocked = verdictOf('a', ['audit: values_in_range', 'batch_ended', 'prediction_gap'], {
      verdict: 'blocked',
      first: ['audit: values_in_range'],
    });
    const replay = playing([
      [['audit: values_in_range'], { verdict: 'blocked', guards: ['audit: rules_are_kept'] }],
      [['audit: rules_are_kept'], { verdict: 'blocked', guards: ['audit: values_in_range'] }],
      [
        ['audit: values_in_range', 'audit: rules_are_kept'],
        { guards: ['rules_kept'], harm: 'a wrong number', telling: ['rules_kept'] },
      ],
      [['audit: values_in_range', 'audit: rules_are_kept', 'rules_kept'], survivor],
    ]);
    const others = async (guard: string): Promise<unknown> =>
      (await prove(guard, [blocked], replay)).chain?.others;
    expect(await others('audit: values_in_range')).toEqual(['audit: rules_are_kept', 'rules_kept']);
    expect(await others('batch_ended')).toBeUndefined();
  });

  it('does not take a mutant for its own that others would stop without it', async () => {
    const blocked = verdictOf('a', ['skip: player_out'], { verdict: 'blocked' });
    const replay = playing([
      [['skip: player_out'], { verdict: 'blocked', guards: ['held: roster'] }],
      [['held: roster'], { verdict: 'blocked', guards: ['held: schedule'] }],
      [['skip: player_out', 'held: roster'], survivor],
    ]);
    const { chain, fruitless } = await prove('skip: player_out', [blocked], replay);
    expect(chain).toBeUndefined();
    expect(fruitless).toEqual({ a: 'not its own with held: roster off' });
  });

  it('does not take a mutant for its own whose harm it only noticed', async () => {
    const told = verdictOf('a', ['ingest: TIPOFF_BAD_INPUT', 'lines_present'], {
      ...{ first: ['ingest: TIPOFF_BAD_INPUT'], harm: 'no line', telling: ['lines_present'] },
    });
    const replay = playing([
      [['ingest: TIPOFF_BAD_INPUT'], { harm: 'no line', telling: ['lines_present'] }],
      [['lines_present'], survivor],
      [['ingest: TIPOFF_BAD_INPUT', 'lines_present'], survivor],
    ]);
    expect((await prove('ingest: TIPOFF_BAD_INPUT', [told], replay)).fruitless).toEqual({
      a: 'not its own with lines_present off',
    });
  });

  it('goes on to the next mutant after one that is harmless, and keeps the shortest chain', async () => {
    const own = ['a', 'b', 'c'].map((id) =>
      verdictOf(id, ['byte_budget', 'run_rate'], { place: id, telling: ['byte_budget', 'run_rate'] }),
    );
    const replay = async (without: readonly string[], id: string): Promise<Judged> => {
      if (id === 'a') return verdictOf(id, [], { verdict: 'harmless' });
      if (id === 'b' && !without.includes('backup_fresh'))
        return verdictOf(id, ['backup_fresh'], { telling: ['backup_fresh'] });
      return verdictOf(id, [], survivor);
    };
    const { chain, fruitless } = await prove('byte_budget', own, replay);
    expect(chain).toMatchObject({ mutant: 'c', others: ['run_rate'] });
    expect(Object.values(fruitless).every((why) => why === 'harmless with run_rate off')).toBe(true);
  });
});

describe('the table of guards', () => {
  const judged = [
    verdictOf('a', ['lines_present'], { harm: 'no line' }),
    verdictOf('b', ['audit: values_in_range', 'batch_ended', 'prediction_gap'], { verdict: 'blocked' }),
    verdictOf('d', ['byte_budget']),
  ];

  it('says what becomes of mutants without a guard', () => {
    const table = guardTable(judged, {
      'audit: values_in_range': {
        chain: { mutant: 'b', others: ['rules_kept'], why: 'a wrong number' },
        fruitless: {},
      },
      batch_ended: { fruitless: { b: 'harmless' } },
      byte_budget: { chain: { mutant: 'd', others: [], why: 'too many bytes' }, fruitless: {} },
    });
    const said = Object.fromEntries(Object.entries(table).map(([guard, row]) => [guard, withoutIt(row)]));
    expect(said).toEqual({
      'audit: values_in_range': 'survives with rules_kept off too: b',
      batch_ended: 'none survives: b: harmless',
      byte_budget: 'survives: d',
      lines_present: '1 survive: a',
      prediction_gap: 'not tried',
    });
  });
});

describe('the comparison with a healthy day', () => {
  const healthy: DayView = {
    day: '2024-11-20' as DayView['day'],
    blocks: { 'skip: player_out': 2 },
    told: {},
    explained: {},
    listed: {},
    failing: {},
    visible: { a: [20, 0.51, 'OVER'], b: [10, 0.4, 'UNDER'] },
    grades: {},
    documents: { 'picks.json': 'x' },
  };

  it('finds nothing where nothing differs beyond the tolerance', () => {
    const near = { ...healthy, visible: { a: [20.2, 0.515, 'OVER'], b: [10, 0.4, 'UNDER'] } };
    expect(compareViews(healthy, near)).toEqual({
      ...{ blocks: [], told: {}, explained: {}, listed: {} },
      ...{ guards: [], first: [] },
    });
  });

  it('finds another value, a row too many, a row too few and another document', () => {
    const far = { ...healthy, visible: { a: [22, 0.51, 'OVER'], b: [10, 0.4, 'UNDER'] } };
    expect(compareViews(healthy, far).wrong).toBe('visible a: 22 instead of 20');
    const more = { ...healthy, visible: { ...healthy.visible, c: [1] } };
    expect(compareViews(healthy, more).wrong).toContain('visible c is there');
    const { b: _b, ...rest } = healthy.visible;
    expect(compareViews(healthy, { ...healthy, visible: rest }).missing).toBe('visible b is missing');
    expect(compareViews(healthy, { ...healthy, documents: { 'picks.json': 'y' } }).wrong).toContain(
      'differs',
    );
  });

  it('counts as said only what a healthy day does not say', () => {
    const said = compareViews(healthy, {
      ...healthy,
      blocks: { 'skip: player_out': 2, 'quarantine: bad_number': 3 },
      told: { lines_present: 'no line' },
      explained: { prediction_gap: 'no predictions' },
      failing: { lines_present: '17:45' },
    });
    expect(said.blocks).toEqual(['quarantine: bad_number (3)']);
    expect(said.told).toEqual({ lines_present: 'no line' });
    expect(said.explained).toEqual({ prediction_gap: 'no predictions' });
    expect(said.guards).toEqual(['lines_present', 'quarantine: bad_number']);
    expect(said.first).toEqual(['quarantine: bad_number']);
  });
});

describe('what is told', () => {
  const at = (place: string) => ({ place, damage: { touches: [place.split('.').slice(0, 2).join('.')] } });

  it('names the damaged place when its check reads the table, or when it names table or column', () => {
    expect(asksAbout('box_scores_missing', '', at('nba_raw.player_box_scores.points'))).toBe(true);
    const cache = at('nba_precompute.player_daily_cache.pts_ewma8');
    expect(asksAbout('features_continuous', 'pts_ewma8: moved', cache)).toBe(true);
    expect(asksAbout('rows_as_written', 'nba_precompute.player_daily_cache of 2024-11-20', cache)).toBe(true);
    expect(asksAbout('export_fresh', '', at('export picks.json'))).toBe(true);
    expect(asksAbout('lines_plausible', '', at('nba_raw.player_lines.over_price'))).toBe(true);
  });

  it('does not when it tells of what follows', () => {
    expect(asksAbout('prediction_gap', '', at('nba_raw.player_box_scores.points'))).toBe(false);
    expect(asksAbout('export_fresh', '', at('nba_raw.player_lines.line'))).toBe(false);
    expect(asksAbout('quarantine: bad_number', '', at('nba_raw.player_lines.line'))).toBe(false);
  });
});
