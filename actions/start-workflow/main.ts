import { z } from 'zod';
import { defineAction, reportBody } from '#actions/lib/action.ts';
import { gitHub, tokenUnlessLocal } from '#actions/lib/github.ts';
import { requiredText, text } from '#actions/lib/inputs.ts';
import { main } from '#actions/lib/main.ts';

/** The inputs of a dispatch as a JSON object, as `toJSON(inputs)` writes it. */
const object = z
  .string()
  .default('{}')
  .transform((value, context): Record<string, unknown> => {
    try {
      const parsed = z.record(z.string(), z.unknown()).safeParse(JSON.parse(value));
      if (parsed.success) return parsed.data;
    } catch {
      // Not JSON: reported below.
    }
    context.addIssue({ code: 'custom', message: 'expected a JSON object' });
    return z.NEVER;
  });

/** Pairs as name=value, one a line. */
const pairs = z
  .string()
  .default('')
  .transform((value) => value.split('\n').filter((line) => line.trim() !== ''))
  .refine((lines) => lines.every((line) => /^\s*[\w-]+=/.test(line)), {
    error: 'expected name=value, one a line',
  })
  .transform((lines) =>
    Object.fromEntries(
      lines.map((line) => {
        const at = line.indexOf('=');
        return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
      }),
    ),
  );

/** Starts a workflow of the repository. A dispatch is the one action of a run's token that can start another workflow. */
export const action = defineAction({
  name: 'start-workflow',
  title: 'Workflow started',
  inputs: z.object({
    workflow: requiredText('the file of a workflow'),
    ref: text().default('main'),
    inputs: object,
    set: pairs,
    token: text(),
  }),
  outputs: {},
  about: ({ workflow }) => ({ key: workflow, title: `Next run of ${workflow}` }),
  run: async ({ workflow, ref, inputs, set, token }, { context }) => {
    const own = tokenUnlessLocal(token, context);
    if (own === undefined)
      return {
        report: reportBody({ verdict: 'skipped', summary: 'Without a token nothing is started.' }),
      };
    const { octokit, repo } = await gitHub(context, own);
    const given = Object.fromEntries(
      Object.entries({ ...inputs, ...set }).map(([name, value]) => [name, String(value ?? '')]),
    );
    await octokit.rest.actions.createWorkflowDispatch({ ...repo, workflow_id: workflow, ref, inputs: given });
    return {
      report: reportBody({
        verdict: 'ok',
        summary: `${workflow} was started on ${ref}.`,
        facts: Object.entries(given),
        runbook: 'docs/runbooks/actions/backfill.md',
      }),
    };
  },
});

await main(import.meta.main, action);
