import { slateOf } from '#core/calendar.ts';
import { messageOf } from '#core/errors.ts';
import { slateLookedAt } from './ask.ts';
import { readCalendar } from './calendar.ts';
import type { Canary, Moment } from './definition.ts';
import { type CanaryDeps, runCanaries } from './engine.ts';
import type { CanaryResult, CanaryStatus } from './run.ts';
import { breakWorld } from './sabotage.ts';

/** What one check did before, under and after its sabotage. */
export interface Proof {
  readonly canary_id: string;
  readonly proven: boolean;
  readonly healthy: CanaryStatus;
  readonly broken: CanaryStatus;
  readonly restored: CanaryStatus;
  /** What the check said when it was broken, or why there is no proof. */
  readonly detail: string;
  readonly ms: number;
}

export interface ProofReport {
  readonly proofs: readonly Proof[];
  readonly proven: number;
}

/**
 * Proves that every check can fire: green on a healthy world, red under its own sabotage, green again after it is undone.
 * ERROR is no red. The world is changed and restored: give it a copy that nobody else uses.
 */
export async function prove(
  world: CanaryDeps,
  canaries: readonly Canary[],
  asOf: Date,
  onProof: (proof: Proof) => void = () => undefined,
): Promise<ProofReport> {
  const timer = world.timer ?? world.clock;
  const today = slateOf(asOf);
  const calendar = await readCalendar(world.warehouse, today);
  const proofs: Proof[] = [];
  for (const canary of canaries) {
    const from = timer.now().getTime();
    const moment: Moment = { asOf, slate: slateLookedAt(canary, today), calendar };
    const proof = { ...(await proofOf(world, canary, moment)), ms: timer.now().getTime() - from };
    proofs.push(proof);
    onProof(proof);
  }
  return { proofs, proven: proofs.filter(({ proven }) => proven).length };
}

async function proofOf(world: CanaryDeps, canary: Canary, moment: Moment): Promise<Omit<Proof, 'ms'>> {
  const answer = async (): Promise<CanaryResult> => {
    const { results } = await runCanaries(world, { canaries: [canary], asOf: moment.asOf, store: false });
    const [result] = results;
    if (result === undefined) throw new Error(`no answer of ${canary.id}`);
    return result;
  };
  const healthy = await answer();
  let broken: CanaryResult;
  try {
    const undo = await breakWorld(canary, world, moment);
    try {
      broken = await answer();
    } finally {
      await undo();
    }
  } catch (error) {
    return { canary_id: canary.id, proven: false, healthy: healthy.status, broken: 'ERROR', restored: 'ERROR', detail: messageOf(error) };
  }
  const restored = await answer();
  const isQuiet = ({ status, reason }: CanaryResult): boolean => status === 'PASS' || (status === 'SKIP' && emptyReason(canary) === reason);
  const proven = isQuiet(healthy) && broken.status === 'FAIL' && isQuiet(restored);
  const detail = proven
    ? `${broken.reason}${broken.offenders[0] === undefined ? '' : `; ${broken.offenders[0]}`}`
    : [healthy, broken, restored].map(({ status, reason }) => `${status} (${reason})`).join(' → ');
  return { canary_id: canary.id, proven, healthy: healthy.status, broken: broken.status, restored: restored.status, detail };
}

/** The one reason to skip that is health for some checks: nothing of what they guard is there, as when there is no halt. */
function emptyReason(canary: Canary): string | undefined {
  return canary.whenEmpty === 'fail' ? undefined : canary.whenEmpty.skip;
}
