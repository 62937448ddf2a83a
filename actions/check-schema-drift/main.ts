import { z } from 'zod';
import { defineAction, reportBody } from '#actions/lib/action.ts';
import { choice, text } from '#actions/lib/inputs.ts';
import { main } from '#actions/lib/main.ts';
import { answerOf } from '#actions/lib/tipoff.ts';
import { type Outcome, outcome } from '#core/check.ts';

const difference = z.looseObject({
  table: z.string(),
  column: z.string().nullable(),
  kind: z.string(),
  class: z.string(),
  direction: z.string(),
  between: z.string().nullable(),
  message: z.string(),
  fix: z.object({ bigquery: z.array(z.string()) }).nullable(),
  path: z.string().nullable(),
  line: z.number().nullable(),
  approval: z.object({ path: z.string(), text: z.string() }).nullable(),
});
const answer = z.looseObject({
  ok: z.boolean(),
  differences: z.array(difference),
  notices: z.array(z.string()),
});
type Difference = z.output<typeof difference>;

/**
 * Compares the code with the live schema. Offline, compares it with the committed snapshot instead, and checks how contracts and
 * snapshots changed, commit by commit, since the change branched off.
 */
export const action = defineAction({
  name: 'check-schema-drift',
  title: 'Schema drift',
  inputs: z.object({ against: choice(['snapshot', 'live'], 'snapshot'), base: text(), head: text() }),
  outputs: { differences: 0 },
  isGuard: true,
  silentAfterHours: 30,
  run: async ({ against, base, head }, { tipoff }) => {
    const verb = against === 'live' ? 'check' : 'diff';
    const revisions = verb === 'diff' ? [base, head].filter((revision) => revision !== undefined) : [];
    const { ok, differences, notices } = answerOf(
      await tipoff('schema', verb, ...revisions),
      answer,
      `schema ${verb}`,
    );
    const count = `${differences.length} ${differences.length === 1 ? 'difference' : 'differences'}`;
    return {
      report: reportBody({
        verdict: ok ? 'ok' : 'failed',
        summary: ok
          ? `The contracts agree with the ${SIDES[against]}.`
          : `${count} in the contracts or between them and the ${SIDES[against]}.`,
        columns: ['table', 'column', 'class', 'first', 'between', 'what', 'statement'],
        rows: differences.map((one) => [
          one.table,
          one.column ?? '',
          one.class,
          FIRST[one.direction] ?? '',
          one.between ?? 'code',
          one.message,
          one.fix?.bigquery.join('; ') ?? '',
        ]),
        outcomes: [
          ...differences.map(outcomeOf),
          ...notices.map((reason) =>
            outcome({ check: 'schema', title: 'Schema', status: 'fail', severity: 'info', reason }),
          ),
        ],
        repair: differences.some((one) => one.class === 'needs_order')
          ? 'tipoff schema apply --dry-run'
          : undefined,
        runbook: 'docs/runbooks/actions/schema-drift.md',
      }),
      outputs: { differences: differences.length },
    };
  },
});

const SIDES = { snapshot: 'snapshot of the live schema', live: 'live schema' } as const;

/** Which side to deploy first, in words. */
const FIRST: Readonly<Record<string, string>> = {
  table_first: 'table',
  code_first: 'code',
  either: 'either',
};

function outcomeOf({ table, column, message, path, line, approval }: Difference): Outcome {
  return outcome({
    check: 'schema_drift',
    title: `Schema drift: ${table}${column === null ? '' : `.${column}`}`,
    status: 'fail',
    reason: message,
    ...(approval === null ? {} : { repair: approvalCommand(approval) }),
    ...(path === null ? {} : { place: { file: path, ...(line === null ? {} : { line }) } }),
  });
}

/** The command that approves an intended change, ready to paste except for the reason. */
function approvalCommand({ path, text }: NonNullable<Difference['approval']>): string {
  return `cat > ${path} <<'END'\n${text.trimEnd()}\nEND`;
}

await main(import.meta.main, action);
