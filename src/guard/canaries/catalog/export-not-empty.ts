import { defineCanary } from '#guard/canaries/definition.ts';
import { checkDocuments, overwrite, PREDICTIONS_PATH } from './exports.ts';

export const exportNotEmpty = defineCanary({
  id: 'export_not_empty',
  phase: 'publish',
  question: 'Does tonight’s export hold rows that can be read?',
  expected: 'a readable document with rows and the status ok',
  looksAt: 'tonight',
  ladder: [{ by: '11:00', beforeTip: 75, severity: 'critical' }],
  owner: 'predictions',
  repair: 'tipoff export {slate}',
  dependsOn: ['predict'],
  whenEmpty: { skip: 'nothing is published; prediction_gap says whether it should be' },
  look: {
    probe: (world, moment) =>
      checkDocuments(world, moment, [PREDICTIONS_PATH(moment.slate)], ({ rowCount, rows, head }) => {
        if (rowCount === undefined) return 'cannot be read';
        if (rowCount === 0 || rows.length === 0) return 'has no rows';
        return head['status'] === 'ok' ? undefined : `has the status ${String(head['status'])}`;
      }),
  },
  sabotage: { act: ({ exports }, { slate }) => overwrite(exports, PREDICTIONS_PATH(slate), () => '{"row_count":0,"rows":[]}') },
  meaning: 'A fresh file with nothing in it, or half a file. Freshness alone does not see it.',
  steps: [
    'Open the document (tipoff export prints where it lies).',
    'Was it written by something other than tipoff export? Writes there are atomic and refuse to empty a document.',
    'Run the repair command.',
  ],
});
