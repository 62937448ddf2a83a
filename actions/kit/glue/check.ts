import { z } from 'zod';
import type { Delivery } from './comment.ts';
import { CHECK_ANNOTATIONS, type GitHub } from './github.ts';
import { BODY_LIMIT, type Links, markdown } from './markdown.ts';
import type { Annotation, Report, Verdict } from './report.ts';

const checkRun = z.object({
  id: z.number(),
  external_id: z.string().nullish(),
  conclusion: z.string().nullish(),
  output: z.object({ title: z.string().nullish(), summary: z.string().nullish() }),
});

const CONCLUSIONS: Readonly<Record<Verdict, string>> = {
  ok: 'success',
  nothing: 'success',
  warning: 'neutral',
  skipped: 'skipped',
  failed: 'failure',
  error: 'failure',
};

/** The one check of this report on a commit, edited when it exists. Annotations without a file stay in the summary. */
export async function upsertCheck(
  github: GitHub,
  sha: string,
  report: Report,
  links: Links,
): Promise<Delivery> {
  const conclusion = CONCLUSIONS[report.verdict];
  const summary = markdown(report, { files: links.files }, BODY_LIMIT).trimEnd();
  const output = { title: report.summary.slice(0, 255) || report.title, summary };
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
    own.output.title === output.title &&
    own.output.summary === summary
  )
    return 'unchanged';
  const [first = [], ...more] = inPages(report.annotations.flatMap(annotation));
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

function annotation({ level, title, message, file, line = 1 }: Annotation) {
  if (file === undefined) return [];
  const annotation_level = level === 'error' ? 'failure' : level;
  return [{ path: file, start_line: line, end_line: line, annotation_level, title, message }];
}

function inPages<T>(items: readonly T[]): T[][] {
  const pages: T[][] = [];
  for (let at = 0; at < items.length; at += CHECK_ANNOTATIONS)
    pages.push(items.slice(at, at + CHECK_ANNOTATIONS));
  return pages;
}
