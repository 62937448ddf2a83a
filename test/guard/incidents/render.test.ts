import { describe, expect, it } from 'vitest';
import { incidentNotice, replyNotice } from '#guard/incidents/notice.ts';
import { canaryReport } from '#guard/incidents/report.ts';
import { applyRuns, type CheckResult } from '#guard/incidents/update.ts';
import { consoleNotifier } from '#platform/notify/console.ts';
import type { Notice } from '#platform/notify/port.ts';
import { lengthOf, SLACK_LIMITS, slackMessage } from '#platform/notify/slack/blocks.ts';
import { parseOwners } from '#platform/notify/slack/channels.ts';
import { consoleLines } from '#platform/report/console.ts';
import { jsonReport } from '#platform/report/json.ts';
import { markdownReport } from '#platform/report/markdown.ts';
import { check, NOON, passed, SLATE } from './alarm-world.ts';

const at = (minutes: number): Date => new Date(Date.parse(NOON) + minutes * 60_000);
const run = (minutes: number, results: readonly CheckResult[]) => ({
  run_id: `r${minutes}`,
  slate: SLATE,
  as_of: at(minutes),
  results,
});
const CRITICAL = check('prediction-gap', { severity: 'critical', offender_count: 12 });
const EFFECT = check('export-fresh', { phase: 'publish', depends_on: ['predict'] });

function incidentAfter(...runs: ReturnType<typeof run>[]) {
  const incident = applyRuns(new Map(), runs).heads.get('prediction-gap');
  if (incident === undefined) throw new Error('no incident');
  return incident;
}

const RUN = run(0, [
  CRITICAL,
  check('lines-present', {
    phase: 'ingest',
    status: 'error',
    seen: null,
    offenders: [],
    offender_count: 0,
    reason: 'No column "lines".',
  }),
  passed('schedule-fresh'),
  check('graded', { status: 'skip', reason: 'no games yesterday' }),
]);
const NONE = { reopened: [], resolved: [], accepted: [], hidden: [] };
const OPEN = ['prediction-gap', 'lines-present'];
const REPORT = canaryReport([RUN], {
  changes: { ...NONE, opened: OPEN, open: OPEN },
  delivered: {
    sent: 1,
    edited: 0,
    replied: 0,
    warnings: [],
    undelivered: [
      {
        key: 'lines-present',
        title: 'lines-present could not be checked',
        error: 'Slack is down',
        hint: 'Wait.',
        isOnFallback: true,
      },
    ],
  },
  digest: false,
});

describe('golden renderings', () => {
  it('of an open incident on Slack', () => {
    const incident = incidentAfter(run(0, [CRITICAL, EFFECT]), run(30, [CRITICAL, EFFECT]));
    expect(
      slackMessage(incidentNotice(incident), { runbookLink: (path) => `https://example.com/${path}` }),
    ).toMatchInlineSnapshot(`
      {
        "blocks": [
          {
            "text": {
              "emoji": true,
              "text": ":red_circle: CRITICAL prediction-gap: 3 of 10 games have no predictions",
              "type": "plain_text",
            },
            "type": "header",
          },
          {
            "text": {
              "text": "Is prediction-gap well?
      Slate 2025-01-10: expected 0 games without predictions, saw 3.
      12 offenders: BOS @ NYK, LAL @ DEN, MIA @ CHI and 9 more.
      Explains 1 more failing check: export-fresh.
      • export-fresh: 3 of 10 games have no predictions.
      Since 2025-01-10 12:00 ET (30 min); seen by 2 runs.",
              "type": "mrkdwn",
            },
            "type": "section",
          },
          {
            "text": {
              "text": "*Repair*
      \`\`\`tipoff predict 2025-01-10 --mode RETRY\`\`\`",
              "type": "mrkdwn",
            },
            "type": "section",
          },
          {
            "elements": [
              {
                "text": "<https://example.com/docs/runbooks/prediction-gap.md|runbook docs/runbooks/prediction-gap.md>",
                "type": "mrkdwn",
              },
              {
                "text": "phase predict",
                "type": "mrkdwn",
              },
              {
                "text": "\`prediction-gap@20250110T1700\`",
                "type": "mrkdwn",
              },
            ],
            "type": "context",
          },
        ],
        "text": "CRITICAL: prediction-gap: 3 of 10 games have no predictions
      Is prediction-gap well?
      Slate 2025-01-10: expected 0 games without predictions, saw 3.
      12 offenders: BOS @ NYK, LAL @ DEN, MIA @ CHI and 9 more.
      Explains 1 more failing check: export-fresh.
      • export-fresh: 3 of 10 games have no predictions.
      Since 2025-01-10 12:00 ET (30 min); seen by 2 runs.
      Repair: tipoff predict 2025-01-10 --mode RETRY",
      }
    `);
  });

  it('of a recovered incident on Slack', () => {
    const incident = incidentAfter(run(0, [CRITICAL]), run(95, [passed('prediction-gap')]));
    expect(slackMessage(incidentNotice(incident))).toMatchInlineSnapshot(`
      {
        "blocks": [
          {
            "text": {
              "emoji": true,
              "text": ":large_green_circle: RESOLVED prediction-gap: recovered after 1 h 35 min",
              "type": "plain_text",
            },
            "type": "header",
          },
          {
            "text": {
              "text": "Is prediction-gap well?
      Slate 2025-01-10: 3 of 10 games have no predictions.
      From 2025-01-10 12:00 ET to 2025-01-10 13:35 ET; seen by 1 run.",
              "type": "mrkdwn",
            },
            "type": "section",
          },
          {
            "elements": [
              {
                "text": "runbook docs/runbooks/prediction-gap.md",
                "type": "mrkdwn",
              },
              {
                "text": "phase predict",
                "type": "mrkdwn",
              },
              {
                "text": "\`prediction-gap@20250110T1700\`",
                "type": "mrkdwn",
              },
            ],
            "type": "context",
          },
        ],
        "text": "RESOLVED: prediction-gap: recovered after 1 h 35 min
      Is prediction-gap well?
      Slate 2025-01-10: 3 of 10 games have no predictions.
      From 2025-01-10 12:00 ET to 2025-01-10 13:35 ET; seen by 1 run.",
      }
    `);
  });

  it('of a reminder on Slack', () => {
    const incident = incidentAfter(run(0, [CRITICAL]), run(130, [CRITICAL]));
    expect(
      slackMessage(replyNotice(incident, { fingerprint: 'prediction-gap', number: 1, kind: 'reminder' })),
    ).toMatchInlineSnapshot(`
      {
        "blocks": [
          {
            "text": {
              "emoji": true,
              "text": ":red_circle: CRITICAL prediction-gap: still failing",
              "type": "plain_text",
            },
            "type": "header",
          },
          {
            "text": {
              "text": "prediction-gap: 3 of 10 games have no predictions
      Slate 2025-01-10: expected 0 games without predictions, saw 3.
      12 offenders: BOS @ NYK, LAL @ DEN, MIA @ CHI and 9 more.
      Since 2025-01-10 12:00 ET (2 h 10 min); seen by 2 runs.",
              "type": "mrkdwn",
            },
            "type": "section",
          },
          {
            "text": {
              "text": "*Repair*
      \`\`\`tipoff predict 2025-01-10 --mode RETRY\`\`\`",
              "type": "mrkdwn",
            },
            "type": "section",
          },
          {
            "elements": [
              {
                "text": "phase predict",
                "type": "mrkdwn",
              },
              {
                "text": "\`prediction-gap@20250110T1700:001\`",
                "type": "mrkdwn",
              },
            ],
            "type": "context",
          },
        ],
        "text": "CRITICAL: prediction-gap: still failing
      prediction-gap: 3 of 10 games have no predictions
      Slate 2025-01-10: expected 0 games without predictions, saw 3.
      12 offenders: BOS @ NYK, LAL @ DEN, MIA @ CHI and 9 more.
      Since 2025-01-10 12:00 ET (2 h 10 min); seen by 2 runs.
      Repair: tipoff predict 2025-01-10 --mode RETRY",
      }
    `);
  });

  it('of an open incident on the console', async () => {
    const lines: string[] = [];
    await consoleNotifier((line) => lines.push(line)).send(incidentNotice(incidentAfter(run(0, [CRITICAL]))));
    expect(lines).toMatchInlineSnapshot(`
      [
        "[CRITICAL] prediction-gap: 3 of 10 games have no predictions",
        "  Is prediction-gap well?",
        "  Slate 2025-01-10: expected 0 games without predictions, saw 3.",
        "  12 offenders: BOS @ NYK, LAL @ DEN, MIA @ CHI and 9 more.",
        "  Since 2025-01-10 12:00 ET (0 min); seen by 1 run.",
        "  repair: tipoff predict 2025-01-10 --mode RETRY",
        "  runbook: docs/runbooks/prediction-gap.md",
      ]
    `);
  });

  it('of a report in the job summary', () => {
    expect(markdownReport(REPORT)).toMatchInlineSnapshot(`
      "## 💥 Canaries

      2025-01-10 as of 2025-01-10T17:00:00.000Z: 1 passed, 1 failed, 1 could not run, 1 skipped.

      - **incidents**: 2 open, 2 opened, 0 resolved; 1 new message, 0 edited, 0 replies

      |  | check | about | expected | seen | offenders |
      |---|---|---|---|---|---|
      | 🔴 | prediction-gap | 2025-01-10 | 0 games without predictions | 3 | BOS @ NYK, LAL @ DEN, MIA @ CHI, … \\(12\\) |
      | 🔴 | lines-present could not be checked | 2025-01-10 | 0 games without predictions |  |  |
      | 🔴 | Alert not delivered: lines-present could not be checked |  |  |  |  |

      <details><summary>🔴 prediction-gap, 2025-01-10</summary>

      - Is prediction-gap well?
      - 3 of 10 games have no predictions.
      - Expected 0 games without predictions, saw 3.
      - 12 offenders: BOS @ NYK, LAL @ DEN, MIA @ CHI and 9 more.

      \`\`\`sh
      tipoff predict 2025-01-10 --mode RETRY
      \`\`\`

      Runbook: \`docs/runbooks/prediction-gap.md\`

      </details>

      <details><summary>🔴 lines-present could not be checked, 2025-01-10</summary>

      - Is lines-present well?
      - No column "lines".
      - Expected 0 games without predictions.

      \`\`\`sh
      tipoff predict 2025-01-10 --mode RETRY
      \`\`\`

      Runbook: \`docs/runbooks/lines-present.md\`

      </details>

      <details><summary>🔴 Alert not delivered: lines-present could not be checked</summary>

      - Slack is down \\(it is on the fallback channel\\).

      \`\`\`sh
      tipoff incidents deliver
      \`\`\`

      </details>

      <details><summary>1 skipped</summary>

      - no games yesterday: graded

      </details>
      "
    `);
  });

  it('of a report on the console', () => {
    expect(consoleLines(REPORT)).toMatchInlineSnapshot(`
      [
        "💥 Canaries: 2025-01-10 as of 2025-01-10T17:00:00.000Z: 1 passed, 1 failed, 1 could not run, 1 skipped.",
        "  incidents: 2 open, 2 opened, 0 resolved; 1 new message, 0 edited, 0 replies",
        "",
        "CRITICAL prediction-gap (2025-01-10)",
        "  Is prediction-gap well?",
        "  3 of 10 games have no predictions.",
        "  Expected 0 games without predictions, saw 3.",
        "  12 offenders: BOS @ NYK, LAL @ DEN, MIA @ CHI and 9 more.",
        "  repair:  tipoff predict 2025-01-10 --mode RETRY",
        "  runbook: docs/runbooks/prediction-gap.md",
        "",
        "ERROR lines-present could not be checked (2025-01-10)",
        "  Is lines-present well?",
        "  No column "lines".",
        "  Expected 0 games without predictions.",
        "  repair:  tipoff predict 2025-01-10 --mode RETRY",
        "  runbook: docs/runbooks/lines-present.md",
        "",
        "CRITICAL Alert not delivered: lines-present could not be checked",
        "  Slack is down (it is on the fallback channel).",
        "  repair:  tipoff incidents deliver",
        "",
        "Skipped",
        "  no games yesterday: graded",
      ]
    `);
  });

  it('of a report as JSON', () => {
    const { outcomes, ...frame } = jsonReport(REPORT);
    expect(frame).toMatchInlineSnapshot(`
      {
        "columns": [],
        "facts": [
          [
            "incidents",
            "2 open, 2 opened, 0 resolved; 1 new message, 0 edited, 0 replies",
          ],
        ],
        "key": "canaries",
        "rows": [],
        "schema_version": 2,
        "summary": "2025-01-10 as of 2025-01-10T17:00:00.000Z: 1 passed, 1 failed, 1 could not run, 1 skipped.",
        "title": "Canaries",
        "verdict": "error",
      }
    `);
    expect(outcomes.map(({ check, status, subject }) => [check, status, subject])).toEqual([
      ['prediction-gap', 'fail', SLATE],
      ['lines-present', 'error', SLATE],
      ['schedule-fresh', 'pass', SLATE],
      ['graded', 'skip', SLATE],
      ['alert_delivered', 'error', undefined],
    ]);
  });
});

describe('a message', () => {
  const huge = check('prediction-gap', {
    reason: `${'ß'.repeat(5000)}`,
    offenders: Array.from({ length: 20 }, (_, i) => `${'very long name '.repeat(60)}${i}`),
    offender_count: 4000,
    repair: 'x'.repeat(9000),
    runbook: 'r'.repeat(5000),
  });

  it('keeps the limits of Slack whatever is in it', () => {
    const notice = incidentNotice(incidentAfter(run(0, [huge])));
    for (const lines of [notice.lines, Array.from({ length: 300 }, (_, i) => `${i} ${'<&>'.repeat(900)}`)]) {
      const { text, blocks } = slackMessage({ ...notice, lines });
      expect(blocks.length).toBeLessThanOrEqual(SLACK_LIMITS.blocks);
      expect(text.length).toBeLessThanOrEqual(SLACK_LIMITS.fallback);
      for (const block of blocks) {
        if (block.type === 'header') expect(block.text.text.length).toBeLessThanOrEqual(SLACK_LIMITS.header);
        else
          for (const one of block.type === 'section' ? [block.text] : block.elements)
            expect(one.text.length).toBeLessThanOrEqual(SLACK_LIMITS.text);
      }
      expect(JSON.stringify(blocks)).not.toMatch(/&(?!amp;|lt;|gt;)/);
      expect(lengthOf(blocks)).toBeLessThanOrEqual(SLACK_LIMITS.message);
    }
  });

  it('calls the owner of its phase, and links to what answers it, while it is open', () => {
    const around = {
      repositoryUrl: 'https://example.com/a/b',
      runUrl: 'https://example.com/a/b/actions/runs/7',
      siteUrl: 'https://a.example.com/',
      owners: parseOwners('predict=U024BE7LH, *=S0614TZR7'),
    };
    const of = (more: Partial<Notice>): string =>
      JSON.stringify(
        slackMessage({ ...incidentNotice(incidentAfter(RUN)), incident: 'prediction_gap', ...more }, around)
          .blocks,
      );
    const open = of({ severity: 'critical', phase: 'predict' });
    expect(open).toContain(
      '<@U024BE7LH> · <https://example.com/a/b/actions/workflows/incidents.yml|acknowledge or snooze> `prediction_gap` · <https://example.com/a/b/actions/workflows/canaries.yml|ask again>',
    );
    expect(open).toContain('<https://example.com/a/b/actions/runs/7|run>');
    expect(open).toContain('<https://a.example.com/|site>');
    expect(of({ severity: 'warning', phase: 'grade' })).toContain('<!subteam^S0614TZR7>');
    expect(of({ severity: 'resolved', phase: 'predict' })).not.toContain('<@');
    expect(() => parseOwners('predict=@ann')).toThrow('expected an owner as phase=ID');
  });

  it('says what it left out', () => {
    const { blocks } = slackMessage({
      key: 'k',
      severity: 'info',
      title: 't',
      lines: Array.from({ length: 3000 }, (_, i) => `${i}${'a'.repeat(100)}`),
    });
    expect(JSON.stringify(blocks)).toMatch(/and \d+ more lines/);
  });

  it('lets outside text neither mention people nor make links nor break a code block', () => {
    const evil = '<!channel> <@U1> <https://bad.example|click> & ```';
    const json = JSON.stringify(
      slackMessage({ key: evil, severity: 'error', title: evil, lines: [evil], repair: evil, runbook: evil }),
    );
    expect(json.replaceAll(/"type":"plain_text","text":"[^"]*"/g, '')).not.toMatch(/<[!@h]/);
    expect(json.match(/```/g)?.length).toBe(3);
  });

  it('in a job summary stays text as well', () => {
    const evil = '<img src=x onerror=alert(1)> [click](https://bad.example) | @everyone `x` **b**\n## h';
    const summary = markdownReport(
      canaryReport([run(0, [check('a', { reason: evil, offenders: [evil], repair: 'echo ```' })])]),
    );
    expect(summary).not.toMatch(/<img|\]\(https|@everyone|^## h/m);
    expect(
      summary
        .split('\n')
        .filter((line) => line.startsWith('|'))
        .every((line) => line.replaceAll('\\|', '').split('|').length === 8),
    ).toBe(true);
  });
});
