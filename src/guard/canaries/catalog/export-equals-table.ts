import { defineCanary } from '#guard/canaries/definition.ts';
import { checkDocuments, overwrite, PREDICTIONS_PATH } from './exports.ts';

export const exportEqualsTable = defineCanary({
  id: 'export_equals_table',
  phase: 'publish',
  question: 'Do users see exactly the rows that are published?',
  expected: 'as many rows in the export as are visible in the warehouse',
  looksAt: 'tonight',
  ladder: [{ by: '11:15', beforeTip: 60, severity: 'warning' }],
  owner: 'predictions',
  repair: 'tipoff export {slate}',
  dependsOn: ['predict'],
  whenEmpty: { skip: 'nothing is published; prediction_gap says whether it should be' },
  look: {
    probe: (world, moment) =>
      checkDocuments(world, moment, [PREDICTIONS_PATH(moment.slate)], ({ rows, rowCount }, { visible }) =>
        rows.length === visible && rowCount === visible ? undefined : `holds ${rows.length} rows, ${visible} are visible`,
      ),
  },
  sabotage: {
    act: ({ exports }, { slate }) =>
      overwrite(exports, PREDICTIONS_PATH(slate), (text) => {
        const document: { rows: unknown[] } = JSON.parse(text);
        return JSON.stringify({ ...document, rows: document.rows.slice(1), row_count: document.rows.length - 1 });
      }),
  },
  meaning: 'The export was made of another state than the one that is visible: after a withdrawal, or between two batches.',
  steps: [
    'tipoff publish list --slate {slate}: was something published or withdrawn after the export?',
    'Run the repair command and compare again.',
    'Different still: two exporters write the same place.',
  ],
});
