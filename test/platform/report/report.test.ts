import { describe, expect, it } from 'vitest';
import { outcome, type Report, report } from '#core/check.ts';
import { checkRunText, MAX_BODY_BYTES, stepAnnotations } from '#platform/report/check-run.ts';
import { consoleLines } from '#platform/report/console.ts';
import { byteLength } from '#platform/report/escape.ts';
import { jsonReport, parseReport } from '#platform/report/json.ts';
import { markdownReport } from '#platform/report/markdown.ts';
import { reportNotice } from '#platform/report/slack.ts';

const GAP = outcome({
  check: 'prediction_gap',
  status: 'fail',
  question: 'Does every game have predictions?',
  expected: 'predictions for every game',
  seen: 7,
  offenders: ['BOS @ NYK', 'LAL @ DEN', 'MIA @ CHI'],
  offender_count: 12,
  reason: '3 of 10 games have none.',
  subject: '2025-01-10',
  place: { file: 'src/x.ts', line: 3 },
  repair: 'tipoff predict 2025-01-10 --mode RETRY',
  runbook: 'docs/runbooks/prediction_gap.md',
});
const BLIND = outcome({ check: 'lines_present', status: 'error', severity: 'info', reason: 'No column x.' });
const SKIPPED = outcome({ check: 'graded', status: 'skip', reason: 'no games yesterday' });

const REPORT: Report = report({
  key: 'canaries',
  title: 'Canaries',
  verdict: 'error',
  summary: '1 failed, 1 could not run, 1 skipped.',
  facts: [['incidents', 2]],
  outcomes: [GAP, BLIND, SKIPPED],
});
const EVIL = '<img src=x> [click](https://bad.example) | @everyone `x` **b**\n## h\n::error::owned';
const evil = report({
  key: 'evil',
  title: EVIL,
  verdict: 'failed',
  summary: EVIL,
  facts: [[EVIL, EVIL]],
  outcomes: [outcome({ check: EVIL, status: 'fail', reason: EVIL, offenders: [EVIL], subject: EVIL })],
});

describe('a report', () => {
  it('on the console names what failed with its repair, and groups what was skipped', () => {
    expect(consoleLines(REPORT)).toEqual([
      '💥 Canaries: 1 failed, 1 could not run, 1 skipped.',
      '  incidents: 2',
      '',
      'CRITICAL prediction_gap (2025-01-10)',
      '  Does every game have predictions?',
      '  3 of 10 games have none.',
      '  Expected predictions for every game, saw 7.',
      '  12 offenders: BOS @ NYK, LAL @ DEN, MIA @ CHI and 9 more.',
      '  repair:  tipoff predict 2025-01-10 --mode RETRY',
      '  runbook: docs/runbooks/prediction_gap.md',
      '',
      'ERROR lines_present could not be checked',
      '  No column x.',
      '',
      'Skipped',
      '  no games yesterday: graded',
    ]);
  });

  it('names five offenders and counts the rest', () => {
    const offenders = Array.from({ length: 20 }, (_, i) => `game ${i}`);
    const many = outcome({ check: 'a', status: 'fail', reason: 'Late.', offenders, offender_count: 33 });
    expect(consoleLines({ ...REPORT, outcomes: [many] })).toContain(
      '  33 offenders: game 0, game 1, game 2, game 3, game 4 and 28 more.',
    );
  });

  it('in Markdown has a row and the details of every failure', () => {
    const text = markdownReport(REPORT, { files: 'https://example.com/blob/main' });
    expect(text).toContain(
      '| 🔴 | prediction_gap | 2025-01-10 | predictions for every game | 7 | BOS @ NYK, ',
    );
    expect(text).toContain('[docs/runbooks/prediction_gap.md](https://example.com/blob/main/docs/');
    expect(text).toContain('<details><summary>1 skipped</summary>');
    expect(text).toContain('tipoff predict 2025-01-10 --mode RETRY');
  });

  it('says once what a row of the table says, and gives what repairs it to be pasted as it is', () => {
    const repair = 'cat > a.json <<\'END\'\n{\n  "reason": "…"\n}\nEND';
    const about = { check: 'drift', status: 'fail', reason: 'there is no column zone' } as const;
    const table = { columns: ['table', 'what'], rows: [['shots', about.reason]] };
    const text = markdownReport({ ...REPORT, ...table, outcomes: [outcome(about)] });
    expect(text.split(about.reason)).toHaveLength(2);
    expect(text).not.toContain('<details>');
    const approved = markdownReport({ ...REPORT, ...table, outcomes: [outcome({ ...about, repair })] });
    expect(approved.split(about.reason)).toHaveLength(2);
    expect(approved).toContain(`\`\`\`sh\n${repair}\n\`\`\``);
  });

  it('in Markdown keeps outside text as text', () => {
    const text = markdownReport(evil);
    expect(text).not.toMatch(/<img|@everyone|^## h/m);
    // A line that begins with HTML is HTML to its end: there a link of Markdown is text.
    expect(text.replaceAll(/^<details>.*$/gm, '')).not.toMatch(/\]\(https/);
    const rows = text.split('\n').filter((line) => line.startsWith('|'));
    expect(rows.every((line) => line.replaceAll('\\|', '').split('|').length === 8)).toBe(true);
  });

  it('in a log is no workflow command', () => {
    expect(consoleLines(evil).some((line) => line.includes('\n') || line.startsWith('::'))).toBe(false);
    expect(stepAnnotations(evil)).toHaveLength(1);
  });

  it('as a check run stays within the limits of GitHub', () => {
    const many = report({
      ...REPORT,
      outcomes: Array.from({ length: 120 }, (_, i) => ({ ...GAP, reason: 'ß'.repeat(900), check: `c${i}` })),
    });
    const { summary, title, annotations, conclusion } = checkRunText(many, {});
    expect(byteLength(summary)).toBeLessThanOrEqual(MAX_BODY_BYTES);
    expect(title.length).toBeLessThanOrEqual(255);
    expect(annotations.map((page) => page.length)).toEqual([50, 50, 20]);
    expect(conclusion).toBe('failure');
    expect(stepAnnotations(many)).toHaveLength(10);
  });

  it('to Slack shows the first failures and counts the rest', () => {
    const many = report({ ...REPORT, outcomes: Array.from({ length: 20 }, () => GAP) });
    expect(reportNotice(many, {}).lines.at(-1)).toBe('and 8 more');
    expect(reportNotice(REPORT, {}).severity).toBe('critical');
  });

  it('survives the way through JSON, and is refused where it is none', () => {
    const read = parseReport(JSON.stringify(jsonReport(REPORT)), 'a file');
    expect(read).toEqual(JSON.parse(JSON.stringify(REPORT)));
    expect(() => parseReport('{"key":"half"}', 'a file')).toThrow(/expected the JSON of a report in a file/);
  });
});
