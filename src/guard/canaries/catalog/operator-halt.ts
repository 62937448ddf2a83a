import { type CanaryWorld, type CheckedThing, defineCanary, type Moment } from '#guard/canaries/definition.ts';
import { readHalt } from '#guard/canaries/halt.ts';

/** Days after which a halt in force is a matter to ask about. */
const LONG_DAYS = 7;

async function look({ state }: CanaryWorld, { asOf }: Moment): Promise<CheckedThing[]> {
  const halt = await readHalt(state);
  if (halt === undefined || Date.parse(halt.since) > asOf.getTime()) return [];
  const days = (asOf.getTime() - Date.parse(halt.since)) / 86_400_000;
  const over = Date.parse(halt.until) <= asOf.getTime();
  return [
    {
      subject: `halt by ${halt.by}: ${halt.reason}`,
      is_bad: over || days > LONG_DAYS,
      note: over ? `ended at ${halt.until} and was not lifted; the checks are on again` : `in force for ${Math.round(days)} days`,
    },
  ];
}

export const operatorHalt = defineCanary({
  id: 'operator_halt',
  phase: 'operations',
  question: 'Did a halt end, or last too long, without anybody saying so?',
  expected: 'no halt, or one in force for less than a week',
  looksAt: 'now',
  ladder: [{ by: '00:00', severity: 'warning' }],
  owner: 'platform',
  repair: 'tipoff canary resume',
  dependsOn: [],
  whenEmpty: { skip: 'there is no halt' },
  ignoresHalt: true,
  look: { probe: look },
  sabotage: {
    act: async ({ state }, { asOf }) => {
      const before = await readHalt(state);
      const at = (hours: number): string => new Date(asOf.getTime() + hours * 3_600_000).toISOString();
      await state.transaction(async (tx) =>
        tx.put('operations', 'halt', { reason: 'maintenance', by: 'proof', since: at(-48), until: at(-24) }),
      );
      return () =>
        state.transaction(async (tx) => {
          if (before === undefined) tx.delete('operations', 'halt');
          else tx.put('operations', 'halt', before);
        });
    },
  },
  meaning:
    'A halt silences every other check. When its time is over the checks go on by themselves, and somebody should confirm that the pipeline does too.',
  steps: [
    'Is the reason still true? Then halt anew with an end: tipoff canary halt --until <instant> --reason <reason>.',
    'Otherwise tipoff canary resume, and tipoff canary run: what was hidden shows now.',
  ],
});
