import {
  type Canary,
  type CanaryContext,
  type CheckedThing,
  defineCanary,
  type Moment,
} from '#guard/canaries/definition.ts';
import { readStored } from '#pipeline/exports/export.ts';
import {
  checkDocuments,
  LAG_MINUTES,
  overwrite,
  PICKS_PATH,
  PREDICTIONS_PATH,
  RESULTS_PATH,
} from './exported.ts';

const exportFresh = defineCanary({
  id: 'export_fresh',
  phase: 'publish',
  question: 'Are the exports of tonight there, for the right slate, and newer than the publication?',
  expected: 'picks and predictions of tonight, written within 20 minutes of the newest publication',
  finding: 'missing, out of date or of another slate: {of:export|exports} of tonight',
  looksAt: 'tonight',
  severity: [
    { by: '11:00', beforeTip: 75, severity: 'warning' },
    { by: '12:45', beforeTip: 45, severity: 'critical' },
  ],
  owner: 'predictions',
  repair: 'tipoff export {slate}',
  dependsOn: ['predict'],
  whenEmpty: { skip: 'nothing is published; prediction_gap says whether it should be' },
  look: {
    probe: (context, moment) =>
      checkDocuments(
        context,
        moment,
        [PICKS_PATH(moment.slate), PREDICTIONS_PATH(moment.slate)],
        (stored, { published_at }) => {
          if (stored.head['slate'] !== moment.slate) return `is about ${String(stored.head['slate'])}`;
          if (stored.generatedAt === undefined) return 'has no time';
          const published = published_at === null ? 0 : Date.parse(published_at);
          const late = moment.asOf.getTime() - published > LAG_MINUTES * 60_000;
          return late && Date.parse(stored.generatedAt) < published
            ? `was written ${stored.generatedAt}, before the publication of ${published_at}`
            : undefined;
        },
      ),
  },
  sabotage: {
    act: ({ exports }, { slate }) =>
      overwrite(exports, PREDICTIONS_PATH(slate), (text) =>
        text.replace(/"generated_at":"[^"]*"/, '"generated_at":"2001-01-01T00:00:00.000Z"'),
      ),
  },
  meaning: 'Users read an older state than the warehouse shows, or another day.',
  steps: [
    'tipoff publish list --slate {slate}: when was the newest publication?',
    'Run the repair command; it says for each document what it wrote or why not.',
    'Refused with TIPOFF_NOT_READY: the new document would be empty where the old one is not; read the message.',
  ],
});

const exportNotEmpty = defineCanary({
  id: 'export_not_empty',
  phase: 'publish',
  question: 'Does tonight’s export hold rows that can be read?',
  expected: 'a readable document with rows and the status ok',
  finding: 'the predictions of tonight’s export cannot be used: the document {note}',
  looksAt: 'tonight',
  severity: [{ by: '11:00', beforeTip: 75, severity: 'critical' }],
  owner: 'predictions',
  repair: 'tipoff export {slate}',
  dependsOn: ['predict'],
  whenEmpty: { skip: 'nothing is published; prediction_gap says whether it should be' },
  look: {
    probe: (context, moment) =>
      checkDocuments(context, moment, [PREDICTIONS_PATH(moment.slate)], ({ rowCount, rows, head }) => {
        if (rowCount === undefined) return 'cannot be read';
        if (rowCount === 0 || rows.length === 0) return 'has no rows';
        return head['status'] === 'ok' ? undefined : `has the status ${String(head['status'])}`;
      }),
  },
  sabotage: {
    act: ({ exports }, { slate }) =>
      overwrite(exports, PREDICTIONS_PATH(slate), () => '{"row_count":0,"rows":[]}'),
  },
  meaning: 'A fresh file with nothing in it, or half a file. Freshness alone does not see it.',
  steps: [
    'Open the document (tipoff export prints where it lies).',
    'Was it written by something other than tipoff export? Writes there are atomic and refuse to empty a document.',
    'Run the repair command.',
  ],
});

/** What a row of an export must have in common with the visible row of the same prediction. */
interface VisibleRow {
  readonly prediction_id: string;
  readonly publication_id: string;
  readonly player_name: string;
  readonly market: string;
  readonly system_id: string;
  readonly predicted: number;
  readonly line: string | null;
  readonly is_actionable: boolean;
  readonly published_at: string;
}

async function differingDocuments(context: CanaryContext, { slate, asOf }: Moment): Promise<CheckedThing[]> {
  const rows = await context.warehouse.query<VisibleRow>(
    `SELECT prediction_id, publication_id, player_name, market, system_id, predicted, line, is_actionable, published_at
     FROM nba_predictions.current_predictions WHERE slate = CAST(@slate AS DATE)`,
    { slate },
  );
  const dueBefore = asOf.getTime() - LAG_MINUTES * 60_000;
  if (
    rows.some(
      ({ published_at }) =>
        Date.parse(published_at) > dueBefore && Date.parse(published_at) <= asOf.getTime(),
    )
  )
    return [];
  const picks = rows.filter(({ is_actionable }) => is_actionable);
  return [
    ...(await compare(context, PREDICTIONS_PATH(slate), rows)),
    ...(await compare(context, PICKS_PATH(slate), picks)),
  ];
}

/** Every row that should be in a document, and every row in it that should not. */
async function compare(
  { exports }: CanaryContext,
  path: string,
  expected: readonly VisibleRow[],
): Promise<CheckedThing[]> {
  if (expected.length === 0) return [];
  const stored = await readStored(exports, path);
  if (stored.etag === '') return [{ subject: path, is_bad: true, note: 'is not there' }];
  const exported = new Map(stored.rows.map((row) => [nameOf({ ...row }), { ...row }]));
  const times = Map.groupBy(stored.rows, (row) => nameOf({ ...row }));
  const things = expected.map((row): CheckedThing => {
    const subject = `${row.player_name} ${row.system_id} ${row.market} in ${path.split('/').at(-1)}`;
    const twin: Record<string, unknown> | undefined = exported.get(nameOf(row));
    exported.delete(nameOf(row));
    if (twin === undefined) return { subject, is_bad: true, note: 'is missing' };
    const often = times.get(nameOf(row))?.length ?? 0;
    if (often > 1) return { subject, is_bad: true, note: `is there ${often} times` };
    const other = (['predicted', 'line'] as const).find((name) => twin[name] !== row[name]);
    return other === undefined
      ? { subject, is_bad: false, note: null }
      : {
          subject,
          is_bad: true,
          note: `${other} is ${String(twin[other])}, published ${String(row[other])}`,
        };
  });
  return [
    ...things,
    ...[...exported.keys()].map((key) => ({
      subject: `${key} in ${path}`,
      is_bad: true,
      note: 'is not visible',
    })),
  ];
}

function nameOf(row: { readonly prediction_id?: unknown; readonly publication_id?: unknown }): string {
  return `${String(row.publication_id)} ${String(row.prediction_id)}`;
}

const exportEqualsTable = defineCanary({
  id: 'export_equals_table',
  phase: 'publish',
  question: 'Do users see exactly the rows that are published?',
  expected: 'every visible row in the exports with its forecast and line, and no other row',
  finding: 'not in the exports as published: {of:row|rows} of tonight',
  looksAt: 'tonight',
  severity: [{ by: '11:15', beforeTip: 60, severity: 'warning' }],
  owner: 'predictions',
  repair: 'tipoff export {slate}',
  dependsOn: ['predict'],
  whenEmpty: {
    skip: 'nothing is published, or its export is not due yet; prediction_gap and export_fresh say so',
  },
  look: { probe: differingDocuments },
  sabotage: {
    act: ({ exports }, { slate }) =>
      overwrite(exports, PREDICTIONS_PATH(slate), (text) => {
        const document: { rows: { predicted: number }[] } = JSON.parse(text);
        const [first, ...rest] = document.rows;
        return JSON.stringify({
          ...document,
          rows: first === undefined ? [] : [{ ...first, predicted: first.predicted + 9 }, ...rest],
        });
      }),
  },
  meaning:
    'The export was made of another state than the one that is visible: after a withdrawal, or between two batches.',
  steps: [
    'tipoff publish list --slate {slate}: was something published or withdrawn after the export?',
    'Run the repair command and compare again.',
    'Different still: two exporters write the same place.',
  ],
});

async function missingResults(
  { warehouse, exports }: CanaryContext,
  { slate }: Moment,
): Promise<CheckedThing[]> {
  const [graded] = await warehouse.query<{ grades: number }>(
    'SELECT COUNT(*) AS grades FROM nba_predictions.prediction_grades WHERE slate = CAST(@slate AS DATE)',
    { slate },
  );
  if ((graded?.grades ?? 0) === 0) return [];
  const { etag, rowCount } = await readStored(exports, RESULTS_PATH(slate));
  const wrong = etag === '' ? 'is not there' : (rowCount ?? 0) === 0 ? 'has no rows' : undefined;
  return [{ subject: RESULTS_PATH(slate), is_bad: wrong !== undefined, note: wrong ?? null }];
}

const resultsExported = defineCanary({
  id: 'results_exported',
  phase: 'publish',
  question: 'Are last night’s results exported?',
  expected: 'a document with the grades of last night',
  finding: 'the results of last night are not exported: the document {note}',
  looksAt: 'last_night',
  severity: [
    { by: '11:30', severity: 'info' },
    { by: '14:00', severity: 'warning' },
  ],
  owner: 'predictions',
  repair: 'tipoff export {slate} --only results',
  dependsOn: ['grade'],
  whenEmpty: { skip: 'nothing is graded; yesterday_graded says whether it should be' },
  look: { probe: missingResults },
  sabotage: {
    act: ({ exports }, { slate }) =>
      overwrite(exports, RESULTS_PATH(slate), () => '{"row_count":0,"rows":[]}'),
  },
  meaning: 'Predictions are graded and users do not see it.',
  steps: [
    'Run the repair command; it says what it wrote or why not.',
    'Look at the export phase of the last tipoff day: it exports every slate of the week that has grades.',
  ],
});

/** The canaries of the phase `publish`, in the order of the data. */
export const PUBLISH: readonly Canary[] = [exportFresh, exportNotEmpty, exportEqualsTable, resultsExported];
