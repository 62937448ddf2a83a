import { writeFileSync } from 'node:fs';

/** What a suite that vitest does not run leaves for `.ci/count-tests.mjs`: how many of its runs held and how many did not. */
export interface SuiteReport {
  readonly passed: number;
  readonly failed: number;
}

/** Writes the report where `--report FILE` asked for it; nothing without. */
export function writeSuiteReport(file: string | undefined, report: SuiteReport): void {
  if (file !== undefined) writeFileSync(file, JSON.stringify(report));
}
