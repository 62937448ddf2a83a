import { CATALOGUE, canariesAmong } from '#guard/canaries/catalogue/catalogue.ts';
import { type Proof, type ProofReport, prove } from '#guard/canaries/prove.ts';
import { canaryDeps } from './canaries.ts';
import type { Config } from './config.ts';
import { inHealthyHome } from './healthy-home.ts';
import { HEALTHY_AS_OF } from './healthy-league.ts';
import { readOwnChecks } from './own-checks.ts';

/**
 * Proves the whole catalogue, and the user's own checks that have a sabotage, on a simulated league in a temporary home. The
 * caller's data is not opened.
 */
export async function proveCatalogue(
  config: Config,
  options: {
    readonly only?: readonly string[];
    readonly say: (line: string) => void;
    readonly onProof?: (proof: Proof) => void;
  },
): Promise<ProofReport> {
  const { only, say, onProof } = options;
  const { checks } = await readOwnChecks(config);
  const proven = [
    ...CATALOGUE,
    ...checks.flatMap((check) =>
      check.sabotage === undefined ? [] : [{ ...check, sabotage: check.sabotage }],
    ),
  ];
  const chosen = only === undefined ? proven : canariesAmong(proven, only);
  return inHealthyHome(config, { command: 'canary prove', say }, (app) =>
    prove(canaryDeps(app), chosen, HEALTHY_AS_OF, onProof),
  );
}
