import { z } from 'zod';
import { processEnvironment } from '#app/config/process.ts';
import { readConfig } from '#app/config.ts';
import { TipoffError } from '#core/errors.ts';
import type { ActionDeps } from './action.ts';
import { answerOf, errorCodeOf } from './tipoff.ts';

/** How often the work is repeated because another run has saved first. */
const MAX_RACES = 4;

const answer = z.looseObject({ generation: z.int(), rows: z.int(), written: z.int() });

export interface SavedHome extends z.output<typeof answer> {
  /** How often another run had saved first. */
  readonly lostRaces: number;
}

/**
 * Saves the home. If another run has saved since it was restored, that run's home is restored and the verbs in `redo` run on it,
 * which must therefore be idempotent; without any, the conflict is TIPOFF_CONFLICT. Undefined where no back-up is declared, and
 * on Google Cloud. Throws what the verbs throw.
 */
export async function saveHome(
  { tipoff, profile }: Pick<ActionDeps, 'tipoff' | 'profile'>,
  redo: readonly (readonly string[])[],
): Promise<SavedHome | undefined> {
  if (profile === 'gcp' || readConfig(processEnvironment()).backup.place === undefined) return undefined;
  for (let lostRaces = 0; ; lostRaces++) {
    const ran = await tipoff('backup', 'create');
    if (errorCodeOf(ran) !== 'TIPOFF_CONFLICT')
      return { ...answerOf(ran, answer, 'backup create'), lostRaces };
    if (redo.length === 0 || lostRaces === MAX_RACES) {
      throw new TipoffError(
        'TIPOFF_CONFLICT',
        'another run has saved meanwhile: what this one did is not saved',
        {
          hint: 'Run the workflow again; what the others saved is kept.',
        },
      );
    }
    answerOf(await tipoff('restore', '--replace'), z.looseObject({}), 'restore --replace');
    for (const verb of redo) answerOf(await tipoff(...verb), z.unknown(), verb.join(' '));
  }
}
