import type { Report } from '#core/check.ts';
import { checkRunText } from '#platform/report/check-run.ts';
import type { Links } from '#platform/report/markdown.ts';
import type { Delivery } from './comment.ts';
import { type GitHub, PAGE } from './github.ts';

/**
 * Creates or edits the check of this report on a commit. Annotations without a file stay in the summary. With `onlyEdit` no check
 * is created.
 */
export async function upsertCheck(
  { octokit, repo }: GitHub,
  sha: string,
  report: Report,
  links: Links,
  { onlyEdit = false }: { readonly onlyEdit?: boolean } = {},
): Promise<Delivery> {
  const { checks } = octokit.rest;
  const { conclusion, title, summary, annotations } = checkRunText(report, links);
  const name = `tipoff / ${report.title}`;
  // Found by its key, because the title of a report may change.
  const found = await octokit.paginate(checks.listForRef, { ...repo, ...PAGE, ref: sha });
  const own = found.find((one) => one.external_id === report.key);
  if (own === undefined && onlyEdit) return 'left out';
  const isSame =
    own?.name === name &&
    own.conclusion === conclusion &&
    own.output.title === title &&
    own.output.summary === summary;
  if (isSame) return 'unchanged';
  const [first = [], ...more] = annotations;
  const fields = {
    ...repo,
    name,
    external_id: report.key,
    status: 'completed' as const,
    conclusion,
    ...(links.run === undefined ? {} : { details_url: links.run }),
    output: { title, summary, annotations: first },
  };
  const { data } =
    own === undefined
      ? await checks.create({ ...fields, head_sha: sha })
      : await checks.update({ ...fields, check_run_id: own.id });
  for (const page of more) {
    await checks.update({ ...repo, check_run_id: data.id, output: { title, summary, annotations: page } });
  }
  return own === undefined ? 'created' : 'edited';
}
