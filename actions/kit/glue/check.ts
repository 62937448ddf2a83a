import { z } from 'zod';
import type { Report } from '#core/check.ts';
import { checkRunText } from '#platform/report/check-run.ts';
import type { Links } from '#platform/report/markdown.ts';
import type { Delivery } from './comment.ts';
import type { GitHub } from './github.ts';

const checkRun = z.object({
  id: z.number(),
  external_id: z.string().nullish(),
  conclusion: z.string().nullish(),
  output: z.object({ title: z.string().nullish(), summary: z.string().nullish() }),
});

/** The one check of this report on a commit, edited when it exists. Annotations without a file stay in the summary. */
export async function upsertCheck(
  github: GitHub,
  sha: string,
  report: Report,
  links: Links,
): Promise<Delivery> {
  const { conclusion, title, summary, annotations: pages } = checkRunText(report, links);
  const output = { title, summary };
  const name = `tipoff / ${report.title}`;
  const runs = await github.all(
    `/commits/${sha}/check-runs?check_name=${encodeURIComponent(name)}`,
    checkRun,
    'check_runs',
  );
  const own = runs.find((one) => one.external_id === report.key);
  if (
    own !== undefined &&
    own.conclusion === conclusion &&
    own.output.title === title &&
    own.output.summary === summary
  )
    return 'unchanged';
  const [first = [], ...more] = pages;
  const fields = {
    name,
    external_id: report.key,
    status: 'completed',
    conclusion,
    ...(links.run === undefined ? {} : { details_url: links.run }),
  };
  const written =
    own === undefined
      ? await github.call('POST', '/check-runs', {
          ...fields,
          head_sha: sha,
          output: { ...output, annotations: first },
        })
      : await github.call('PATCH', `/check-runs/${own.id}`, {
          ...fields,
          output: { ...output, annotations: first },
        });
  const { id } = z.object({ id: z.number() }).parse(written);
  for (const annotations of more)
    await github.call('PATCH', `/check-runs/${id}`, { output: { ...output, annotations } });
  return own === undefined ? 'created' : 'edited';
}
