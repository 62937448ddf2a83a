// Prints the true totals of vitest JSON reports as one line. Plain JavaScript: it runs on whatever Node the machine has.
import { readFileSync } from 'node:fs';

const totals = { passed: 0, failed: 0, skipped: 0 };
for (const file of process.argv.slice(2)) {
  const report = JSON.parse(readFileSync(file, 'utf8'));
  totals.passed += report.numPassedTests;
  totals.failed += report.numFailedTests;
  totals.skipped += report.numPendingTests + report.numTodoTests;
  // A file that does not even load holds no test, but it is a failure all the same.
  totals.failed += report.testResults.filter((suite) => suite.status === 'failed' && suite.assertionResults.length === 0).length;
}
process.stdout.write(`${totals.passed} passed, ${totals.failed} failed${totals.skipped === 0 ? '' : `, ${totals.skipped} skipped`}\n`);
if (totals.failed > 0 || totals.passed === 0) process.exitCode = 1;
