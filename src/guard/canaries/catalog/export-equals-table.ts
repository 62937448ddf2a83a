import { type CanaryWorld, type CheckedThing, defineCanary, type Moment } from '#guard/canaries/definition.ts';
import { readStored } from '#pipeline/publish/exports/stored.ts';
import { LAG_MINUTES, overwrite, PICKS_PATH, PREDICTIONS_PATH } from './exports.ts';

/** What a row of an export must have in common with the visible row of the same prediction. */
interface VisibleRow {
  readonly prediction_id: string;
  readonly publication_id: string;
  readonly player_name: string;
  readonly system_id: string;
  readonly predicted_points: number;
  readonly line: string | null;
  readonly is_actionable: boolean;
  readonly published_at: string;
}

async function look(world: CanaryWorld, { slate, asOf }: Moment): Promise<CheckedThing[]> {
  const rows = await world.warehouse.query<VisibleRow>(
    `SELECT prediction_id, publication_id, player_name, system_id, predicted_points, line, is_actionable, published_at
     FROM nba_predictions.current_predictions WHERE slate = CAST(@slate AS DATE)`,
    { slate },
  );
  const settled = asOf.getTime() - LAG_MINUTES * 60_000;
  if (rows.some(({ published_at }) => Date.parse(published_at) > settled && Date.parse(published_at) <= asOf.getTime())) return [];
  const picks = rows.filter(({ is_actionable }) => is_actionable);
  return [...(await compare(world, PREDICTIONS_PATH(slate), rows)), ...(await compare(world, PICKS_PATH(slate), picks))];
}

/** Every row that should be in a document, and every row in it that should not. */
async function compare({ exports }: CanaryWorld, path: string, expected: readonly VisibleRow[]): Promise<CheckedThing[]> {
  if (expected.length === 0) return [];
  const stored = await readStored(exports, path);
  if (stored.etag === '') return [{ subject: path, is_bad: true, note: 'is not there' }];
  const exported = new Map(stored.rows.map((row) => [nameOf({ ...row }), { ...row }]));
  const times = Map.groupBy(stored.rows, (row) => nameOf({ ...row }));
  const things = expected.map((row): CheckedThing => {
    const subject = `${row.player_name} ${row.system_id} in ${path.split('/').at(-1)}`;
    const twin: Record<string, unknown> | undefined = exported.get(nameOf(row));
    exported.delete(nameOf(row));
    if (twin === undefined) return { subject, is_bad: true, note: 'is missing' };
    const often = times.get(nameOf(row))?.length ?? 0;
    if (often > 1) return { subject, is_bad: true, note: `is there ${often} times` };
    const other = (['predicted_points', 'line'] as const).find((name) => twin[name] !== row[name]);
    return other === undefined
      ? { subject, is_bad: false, note: null }
      : { subject, is_bad: true, note: `${other} is ${String(twin[other])}, published ${String(row[other])}` };
  });
  return [...things, ...[...exported.keys()].map((key) => ({ subject: `${key} in ${path}`, is_bad: true, note: 'is not visible' }))];
}

function nameOf(row: { readonly prediction_id?: unknown; readonly publication_id?: unknown }): string {
  return `${String(row.publication_id)} ${String(row.prediction_id)}`;
}

export const exportEqualsTable = defineCanary({
  id: 'export_equals_table',
  phase: 'publish',
  question: 'Do users see exactly the rows that are published?',
  expected: 'every visible row in the exports with its forecast and line, and no other row',
  looksAt: 'tonight',
  ladder: [{ by: '11:15', beforeTip: 60, severity: 'warning' }],
  owner: 'predictions',
  repair: 'tipoff export {slate}',
  dependsOn: ['predict'],
  whenEmpty: { skip: 'nothing is published, or its export is not due yet; prediction_gap and export_fresh say so' },
  look: { probe: look },
  sabotage: {
    act: ({ exports }, { slate }) =>
      overwrite(exports, PREDICTIONS_PATH(slate), (text) => {
        const document: { rows: { predicted_points: number }[] } = JSON.parse(text);
        const [first, ...rest] = document.rows;
        return JSON.stringify({
          ...document,
          rows: first === undefined ? [] : [{ ...first, predicted_points: first.predicted_points + 9 }, ...rest],
        });
      }),
  },
  meaning: 'The export was made of another state than the one that is visible: after a withdrawal, or between two batches.',
  steps: [
    'tipoff publish list --slate {slate}: was something published or withdrawn after the export?',
    'Run the repair command and compare again.',
    'Different still: two exporters write the same place.',
  ],
});
