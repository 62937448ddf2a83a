import { type CanaryWorld, type CheckedThing, defineCanary, type Moment } from '#guard/canaries/definition.ts';
import { readStored } from '#pipeline/publish/exports/stored.ts';
import { overwrite, RESULTS_PATH } from './exports.ts';

async function look({ warehouse, exports }: CanaryWorld, { slate }: Moment): Promise<CheckedThing[]> {
  const [graded] = await warehouse.query<{ grades: number }>(
    'SELECT COUNT(*) AS grades FROM nba_predictions.prediction_grades WHERE slate = CAST(@slate AS DATE)',
    { slate },
  );
  if ((graded?.grades ?? 0) === 0) return [];
  const { etag, rowCount } = await readStored(exports, RESULTS_PATH(slate));
  const wrong = etag === '' ? 'is not there' : (rowCount ?? 0) === 0 ? 'has no rows' : undefined;
  return [{ subject: RESULTS_PATH(slate), is_bad: wrong !== undefined, note: wrong ?? null }];
}

export const resultsExported = defineCanary({
  id: 'results_exported',
  phase: 'publish',
  question: 'Are last night’s results exported?',
  expected: 'a document with the grades of last night',
  looksAt: 'last_night',
  ladder: [
    { by: '11:30', severity: 'info' },
    { by: '14:00', severity: 'warning' },
  ],
  owner: 'predictions',
  repair: 'tipoff export {slate} --only results',
  dependsOn: ['grade'],
  whenEmpty: { skip: 'nothing is graded; yesterday_graded says whether it should be' },
  look: { probe: look },
  sabotage: { act: ({ exports }, { slate }) => overwrite(exports, RESULTS_PATH(slate), () => '{"row_count":0,"rows":[]}') },
  meaning: 'Predictions are graded and users do not see it.',
  steps: [
    'Run the repair command; it says what it wrote or why not.',
    'Look at the export phase of the last tipoff day: it exports every slate of the week that has grades.',
  ],
});
