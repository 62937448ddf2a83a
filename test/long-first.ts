import { readFileSync } from 'node:fs';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { Random } from '#core/random.ts';

/** A time limit of its own, as a file declares that takes long. */
const OWN_LIMIT = /(?:Timeout: |\}, )\d{2,3}_000\b/;

function takesLong({ moduleId }: TestSpecification): boolean {
  return OWN_LIMIT.test(readFileSync(moduleId, 'utf8'));
}

/**
 * Orders files as the seed of the run decides, those that declare a time limit of their own before the others: a file that takes long and
 * begins last leaves all processors but one with nothing to do.
 */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // The order in which they were found differs between machines.
    const found = files.toSorted((a, b) => (a.moduleId < b.moduleId ? -1 : 1));
    const shuffled = new Random(this.ctx.config.sequence.seed).shuffled(found);
    return [...shuffled.filter(takesLong), ...shuffled.filter((file) => !takesLong(file))];
  }
}
