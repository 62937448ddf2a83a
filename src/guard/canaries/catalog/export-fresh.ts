import { defineCanary } from '#guard/canaries/definition.ts';
import { checkDocuments, LAG_MINUTES, overwrite, PICKS_PATH, PREDICTIONS_PATH } from './exports.ts';

export const exportFresh = defineCanary({
  id: 'export_fresh',
  phase: 'publish',
  question: 'Are the exports of tonight there, for the right slate, and newer than the publication?',
  expected: 'picks and predictions of tonight, written within 20 minutes of the newest publication',
  looksAt: 'tonight',
  ladder: [
    { by: '11:00', beforeTip: 75, severity: 'warning' },
    { by: '12:45', beforeTip: 45, severity: 'critical' },
  ],
  owner: 'predictions',
  repair: 'tipoff export {slate}',
  dependsOn: ['predict'],
  whenEmpty: { skip: 'nothing is published; prediction_gap says whether it should be' },
  look: {
    probe: (world, moment) =>
      checkDocuments(world, moment, [PICKS_PATH(moment.slate), PREDICTIONS_PATH(moment.slate)], (stored, { published_at }) => {
        if (stored.head['slate'] !== moment.slate) return `is about ${String(stored.head['slate'])}`;
        if (stored.generatedAt === undefined) return 'has no time';
        const published = published_at === null ? 0 : Date.parse(published_at);
        const late = moment.asOf.getTime() - published > LAG_MINUTES * 60_000;
        return late && Date.parse(stored.generatedAt) < published
          ? `was written ${stored.generatedAt}, before the publication of ${published_at}`
          : undefined;
      }),
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
