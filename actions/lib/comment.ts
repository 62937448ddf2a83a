import { isProblem, type Report } from '#core/check.ts';
import { MAX_BODY_BYTES } from '#platform/report/check-run.ts';
import { type Links, markdownReport } from '#platform/report/markdown.ts';
import { type GitHub, PAGE } from './github.ts';

/** What was done with a comment, check or message. */
export type Delivery = 'created' | 'edited' | 'unchanged' | 'removed' | 'left out';

interface CommentOptions {
  readonly links: Links;
  /** Login under which comments are written. */
  readonly author: string;
  /** False for a comment that exists only while something is wrong. */
  readonly always: boolean;
}

/**
 * Creates or edits the comment of this report on a pull request. It is found by its hidden marker and its author, over all pages.
 * An unchanged report changes nothing.
 */
export async function upsertComment(
  { octokit, repo }: GitHub,
  pull: number,
  report: Report,
  { links, author, always }: CommentOptions,
): Promise<Delivery> {
  const { issues } = octokit.rest;
  const marker = `<!-- tipoff:${report.key} -->`;
  const shown = markdownReport(report, { files: links.files }, MAX_BODY_BYTES - marker.length - 1);
  const body = `${marker}\n${shown}`.trimEnd();
  const comments = await octokit.paginate(issues.listComments, { ...repo, ...PAGE, issue_number: pull });
  const own = comments.find((one) => one.user?.login === author && one.body?.startsWith(marker) === true);
  const isWanted = always || isProblem(report);
  if (own === undefined) {
    if (!isWanted) return 'left out';
    await issues.createComment({ ...repo, issue_number: pull, body });
    return 'created';
  }
  if (!isWanted) {
    await issues.deleteComment({ ...repo, comment_id: own.id });
    return 'removed';
  }
  if (own.body?.replaceAll('\r\n', '\n') === body) return 'unchanged';
  await issues.updateComment({ ...repo, comment_id: own.id, body });
  return 'edited';
}
