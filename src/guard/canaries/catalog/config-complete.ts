import { defineCanary } from '#guard/canaries/definition.ts';

export const configComplete = defineCanary({
  id: 'config_complete',
  phase: 'operations',
  question: 'Is every setting there that this installation needs?',
  expected: 'no setting missing',
  looksAt: 'now',
  ladder: [{ by: '00:00', severity: 'warning' }],
  owner: 'platform',
  repair: 'set the named variables',
  dependsOn: [],
  whenEmpty: 'fail',
  look: {
    probe: async ({ deployment }) => [
      { subject: 'configuration', is_bad: false, note: null },
      ...deployment.configGaps.map((gap) => ({ subject: gap, is_bad: true, note: null })),
    ],
  },
  sabotage: {
    act: async (world) => {
      const undo = world.deployment.configGaps;
      world.deployment = { ...world.deployment, configGaps: [...undo, 'TIPOFF_SLACK_TOKEN is not set: alerts reach nobody'] };
      return async () => {
        world.deployment = { ...world.deployment, configGaps: undo };
      };
    },
  },
  meaning: 'Something will not work and cannot say so itself: alerts without a channel were once computed and thrown away for months.',
  steps: ['The offender says which variable and what for.', 'Set it where the job or service is configured, not in code.'],
});
