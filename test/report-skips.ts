import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** Prints what was not run, with the reason it gave, or the title it was skipped under: a skip is never silent. */
export class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    for (const line of skipLines(modules)) process.stdout.write(`${line}\n`);
  }
}

// vitest loads a reporter that the command line names by its default export.
export default SkipReporter;

/** One line per reason: how many tests it left out, and why. */
function skipLines(modules: readonly TestModule[]): string[] {
  const reasons = modules.flatMap((module) => [...module.children.allTests('skipped')].map(reasonOf));
  const counts = Map.groupBy(reasons, (reason) => reason);
  return [...counts].map(
    ([reason, all]) => `skipped ${all.length} ${all.length === 1 ? 'test' : 'tests'}: ${reason}`,
  );
}

function reasonOf(test: TestCase): string {
  const result = test.result();
  const note = result.state === 'skipped' ? result.note : undefined;
  const { parent } = test;
  return note ?? (parent.type === 'suite' ? parent.fullName : test.fullName);
}
