import { z } from 'zod';
import type { Report } from '#core/check.ts';
import { MAX_BODY_BYTES } from '#platform/report/check-run.ts';
import { type Links, markdownReport } from '#platform/report/markdown.ts';
import type { GitHub } from './github.ts';

const comment = z.object({
  id: z.number(),
  body: z.string().nullish(),
  user: z.object({ login: z.string() }).nullish(),
});

/** What became of a comment, check or message. */
export type Delivery = 'created' | 'edited' | 'unchanged' | 'removed' | 'left out';

interface CommentOptions {
  readonly links: Links;
  /** Login under which comments are written. */
  readonly author: string;
  /** False: a comment is there while something is wrong, and goes when it is not. */
  readonly always: boolean;
}

/**
 * The one comment of this report on a pull request: found by its hidden marker and its author among all pages, and
 * edited. A report that says what the comment says already changes nothing.
 */
export async function upsertComment(
  github: GitHub,
  pull: number,
  report: Report,
  options: CommentOptions,
): Promise<Delivery> {
  const { links, author, always } = options;
  const marker = `<!-- tipoff:${report.key} -->`;
  const body =
    `${marker}\n${markdownReport(report, { files: links.files }, MAX_BODY_BYTES - marker.length - 1)}`.trimEnd();
  const comments = await github.all(`/issues/${pull}/comments`, comment);
  const own = comments.find((one) => one.user?.login === author && one.body?.startsWith(marker) === true);
  const isWanted = always || ['warning', 'failed', 'error'].includes(report.verdict);
  if (own === undefined) {
    if (!isWanted) return 'left out';
    await github.call('POST', `/issues/${pull}/comments`, { body });
    return 'created';
  }
  if (!isWanted) {
    await github.call('DELETE', `/issues/comments/${own.id}`);
    return 'removed';
  }
  if (own.body?.replaceAll('\r\n', '\n') === body) return 'unchanged';
  await github.call('PATCH', `/issues/comments/${own.id}`, { body });
  return 'edited';
}
