// Prints the true totals of suites as one line: JSON reports of vitest, and { passed, failed } of the other suites. A suite that
// left no report has failed. Plain JavaScript: it runs on whatever Node the machine has.
import { existsSync, readFileSync } from 'node:fs';

const totals = { passed: 0, failed: 0, skipped: 0 };
for (const file of process.argv.slice(2)) {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (text === '') {
    totals.failed += 1;
    continue;
  }
  const report = JSON.parse(text);
  if ('passed' in report) {
    totals.passed += report.passed;
    totals.failed += report.failed;
    continue;
  }
  totals.passed += report.numPassedTests;
  totals.failed += report.numFailedTests;
  totals.skipped += report.numPendingTests + report.numTodoTests;
  // A file that does not even load holds no test, but it is a failure all the same.
  totals.failed += report.testResults.filter(
    (suite) => suite.status === 'failed' && suite.assertionResults.length === 0,
  ).length;
}
process.stdout.write(
  `${totals.passed} passed, ${totals.failed} failed${totals.skipped === 0 ? '' : `, ${totals.skipped} skipped`}\n`,
);
if (totals.failed > 0 || totals.passed === 0) process.exitCode = 1;
