import { z } from 'zod';
import { processEnvironment } from '#app/config/process.ts';
import { readConfig } from '#app/config.ts';
import { TipoffError } from '#core/errors.ts';
import type { ActionDeps } from './action.ts';
import { answerOf, errorCodeOf } from './tipoff.ts';

/** How often the work is done again because somebody else has saved first. */
const MAX_RACES = 4;

const answer = z.looseObject({ generation: z.int(), rows: z.int(), written: z.int() });

export interface SavedHome extends z.output<typeof answer> {
  /** How often another run had saved first. */
  readonly lostRaces: number;
}

/**
 * Saves the home. Where another run has saved since it was restored, that home is restored and the verbs of `redo` run on it:
 * every verb may run twice. Without any the work cannot be done again: TIPOFF_CONFLICT. Undefined where no back-up is declared, and on Google Cloud. Throws what the verbs throw.
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
