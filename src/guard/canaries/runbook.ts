import type { SeverityStep } from '#core/check.ts';
import type { Canary } from './definition.ts';

/** The runbook of a check as Markdown, rendered from its definition: code and runbook cannot say different things. */
export function runbook(canary: Canary): string {
  const lines = [
    `# ${canary.id}`,
    '',
    `> ${canary.question}`,
    '',
    `- **Phase**: ${canary.phase}${canary.dependsOn.length === 0 ? '' : `; explained by failures of ${canary.dependsOn.join(', ')}`}`,
    ...explained(canary),
    `- **Health shows**: ${canary.expected}${tolerance(canary)}`,
    `- **Asked**: ${asked(canary)}`,
    `- **Severity**: ${canary.severity.map((step) => severityFrom(canary, step)).join(', ')}`,
    `- **Not asked**: ${notAsked(canary)}`,
    `- **Owner**: ${canary.owner}`,
    '',
    '## What a failure means',
    '',
    canary.meaning,
    '',
    '## How to look',
    '',
    ...canary.steps.map((step, i) => `${i + 1}. ${step}`),
    '',
    '## How to repair',
    '',
    '```',
    canary.repair.replaceAll('{slate}', '<slate>'),
    '```',
    '',
    `Then ask again: \`tipoff canary run --only ${canary.id}\`. An ERROR instead of a FAIL says that the check could not run; its reason is the error.`,
    '',
    '<!-- Rendered from src/guard/canaries/catalogue by scripts/runbooks.ts. -->',
    '',
  ];
  return lines.join('\n').replaceAll('{slate}', '<slate>');
}

function explained({ explains = [] }: Canary): string[] {
  const what = explains.flatMap(({ checks = [], phases = [], unasked = false }) => [
    ...(unasked ? ['every check that could not be asked'] : []),
    ...(phases.length === 0 ? [] : [`every failure of ${phases.join(', ')}`]),
    ...checks,
  ]);
  return what.length === 0 ? [] : [`- **Explains**, where both are about the same: ${what.join(', ')}`];
}

function tolerance({ tolerates }: Canary): string {
  if (tolerates === undefined) return '';
  const parts = [
    ...(tolerates.count === undefined ? [] : [String(tolerates.count)]),
    ...(tolerates.share === undefined ? [] : [`${Math.round(tolerates.share * 100)} %`]),
  ];
  return ` (up to ${parts.join(' or ')} not so is usual)`;
}

function asked({ looksAt }: Canary): string {
  if (looksAt === 'now') return 'at every run';
  if (looksAt === 'slate') return 'at every run, about the slate of the day';
  return looksAt === 'tonight'
    ? 'about tonight’s slate'
    : 'about the slate of last night, on the morning after';
}

function severityFrom({ looksAt }: Canary, { by, beforeTip, severity }: SeverityStep): string {
  if (looksAt === 'now' || looksAt === 'slate') return severity;
  return `${severity} from ${by} ET${beforeTip === undefined ? '' : ` or ${beforeTip} minutes before the first tip-off, whichever is earlier`}`;
}

function notAsked({ looksAt, whenEmpty, ignoresHalt, skips }: Canary): string {
  const reasons = [
    ...(looksAt === 'now' || looksAt === 'slate'
      ? []
      : ['on a slate without games (break and off-season included)', 'before its hour']),
    ...(ignoresHalt === true ? [] : ['while an operator’s halt is in force']),
    ...(skips === undefined ? [] : ['where its own condition says so (see the definition)']),
    ...(whenEmpty !== 'fail' && 'skip' in whenEmpty ? [`when ${whenEmpty.skip.split(';')[0]}`] : []),
  ];
  return reasons.length === 0 ? 'never' : reasons.join('; ');
}
