import { TipoffError } from '#core/errors.ts';
import { foundationSteps } from './foundation.ts';
import { githubSteps } from './github.ts';
import type { Installation } from './installation.ts';
import { queueSteps } from './queue.ts';
import { roleSteps } from './roles.ts';
import type { Run } from './run.ts';
import { serviceSteps } from './services.ts';
import { type Command, type Step, typed } from './step.ts';

/** Everything an installation has, in the order in which it can be made. */
export function installationSteps(installation: Installation): Step[] {
  const { image } = installation;
  return [
    ...foundationSteps(installation),
    ...queueSteps(installation),
    ...roleSteps(installation),
    ...githubSteps(installation),
    ...(image === undefined ? [] : serviceSteps(installation, image)),
  ];
}

/** A step with what there is to do. */
export interface Planned {
  readonly step: Step;
  readonly verdict: 'stands' | 'missing' | 'different';
  /** Absent when it stands, or when it is different and is not changed from here. */
  readonly command?: Command;
}

/** Looks at everything and changes nothing. */
export function planSteps(steps: readonly Step[], look: (command: Command) => unknown): Planned[] {
  return steps.map((step) => {
    const answer = look(step.look);
    if (step.stands(answer)) return { step, verdict: 'stands' };
    const isThere = step.change !== undefined && answer !== undefined;
    return {
      step,
      verdict: isThere ? 'different' : 'missing',
      command: isThere ? (step.change ?? step.make) : step.make,
    };
  });
}

/** One line per step, and the command below those that have one. */
export function planText(planned: readonly Planned[]): string {
  const lines = planned.flatMap(({ step, verdict, command }) => [
    `${verdict === 'stands' ? '  =' : verdict === 'missing' ? '  +' : '  ~'} ${step.title}`,
    ...(command === undefined ? [] : [`      ${typed(command)}`]),
  ]);
  const count = (verdict: Planned['verdict']): number =>
    planned.filter((one) => one.verdict === verdict).length;
  return [
    ...lines,
    `${count('stands')} stand, ${count('missing')} to make, ${count('different')} to change`,
  ].join('\n');
}

/** Makes what is missing, in order. Stops at the first failure, and says how far it came. */
export function applyPlan(planned: readonly Planned[], run: Run, tell: (line: string) => void): void {
  const open = planned.filter(({ command }) => command !== undefined);
  for (const [done, { step, command }] of open.entries()) {
    if (command === undefined) continue;
    tell(`[${done + 1}/${open.length}] ${step.title}`);
    try {
      run(command);
    } catch (error) {
      if (!(error instanceof TipoffError)) throw error;
      throw new TipoffError(
        error.code,
        `stopped at ${done + 1} of ${open.length}, ${step.title}: ${error.message}`,
        {
          hint: error.hint,
          cause: error,
        },
      );
    }
  }
}
