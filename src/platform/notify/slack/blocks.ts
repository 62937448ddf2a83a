import type { Notice, Severity } from '#platform/notify/port.ts';
import { escapeMrkdwn, oneLine } from '#platform/report/escape.ts';
import type { Owners } from './channels.ts';

/**
 * Limits of Slack's Block Kit and chat methods that a rendering must keep. That of all texts of a message together is not documented:
 * messages of 11,300 characters were refused, so it stays well below that.
 */
export const SLACK_LIMITS = { blocks: 50, text: 3000, header: 150, fallback: 4000, message: 9000 } as const;
/** Characters of a small text below a message. */
const SMALL = 600;

interface PlainText {
  readonly type: 'plain_text';
  readonly text: string;
  readonly emoji: true;
}
interface Mrkdwn {
  readonly type: 'mrkdwn';
  readonly text: string;
}
type Block =
  | { readonly type: 'header'; readonly text: PlainText }
  | { readonly type: 'section'; readonly text: Mrkdwn }
  | { readonly type: 'context'; readonly elements: readonly Mrkdwn[] };

/** A message as Slack takes it: blocks, and a plain text for notifications and screen readers. */
export interface SlackMessage {
  readonly text: string;
  readonly blocks: readonly Block[];
}

const MARK: Readonly<Record<Severity, { readonly emoji: string; readonly word: string }>> = {
  critical: { emoji: ':red_circle:', word: 'CRITICAL' },
  error: { emoji: ':red_circle:', word: 'ERROR' },
  warning: { emoji: ':large_orange_circle:', word: 'WARNING' },
  info: { emoji: ':large_blue_circle:', word: 'INFO' },
  success: { emoji: ':white_check_mark:', word: 'DONE' },
  resolved: { emoji: ':large_green_circle:', word: 'RESOLVED' },
};

/** What messages link to, and whom they mention. */
export interface Surroundings {
  /** The address of a runbook, given its path; undefined where the repository has no address. */
  readonly runbookLink?: (path: string) => string | undefined;
  /** Address of the repository, whose workflows are the buttons of a message. */
  readonly repositoryUrl?: string;
  /** Page of the run that sends the message. */
  readonly runUrl?: string;
  readonly siteUrl?: string;
  readonly owners?: Owners;
}

/** Severities that mention the owner. */
const CALLING: readonly Severity[] = ['critical', 'error', 'warning'];

/**
 * One notice as a Slack message, with the owner of its phase, the workflows that answer it, and links. Text from outside is
 * escaped, so that it can neither mention people nor create links; text beyond Slack's limits is cut, with a mark and the number
 * of omitted lines.
 */
export function slackMessage(notice: Notice, around: Surroundings = {}): SlackMessage {
  const { emoji, word } = MARK[notice.severity];
  const tail: Block[] = [];
  if (notice.repair !== undefined) tail.push(section(`*Repair*\n${codeBlock(notice.repair)}`));
  const answers = answerLine(notice, around);
  if (answers !== undefined) tail.push(section(answers));
  const small: string[] = [];
  if (notice.runbook !== undefined)
    small.push(runbookText(notice.runbook, around.runbookLink?.(notice.runbook)));
  for (const [name, address] of [
    ['run', around.runUrl],
    ['site', around.siteUrl],
  ] as const)
    if (address !== undefined) small.push(linkText(name, address));
  if (notice.phase !== undefined) small.push(`phase ${escapeMrkdwn(oneLine(notice.phase))}`);
  small.push(`\`${escapeMrkdwn(cut(oneLine(notice.key).replaceAll('`', "'"), 200))}\``);
  tail.push({ type: 'context', elements: small.map((text) => mrkdwn(cut(text, SMALL))) });
  const header: Block = {
    type: 'header',
    text: {
      type: 'plain_text',
      text: cut(`${emoji} ${word} ${oneLine(notice.title)}`, SLACK_LIMITS.header),
      emoji: true,
    },
  };
  const lines = notice.lines.map((line) => oneLine(line.slice(0, SLACK_LIMITS.text + 1)));
  const body = sections(lines, SLACK_LIMITS.blocks - 1 - tail.length, SLACK_LIMITS.message - lengthOf(tail));
  const plain = [
    `${word}: ${oneLine(notice.title)}`,
    ...lines,
    ...(notice.repair === undefined ? [] : [`Repair: ${oneLine(notice.repair)}`]),
  ];
  return {
    text: cut(escapeMrkdwn(plain.join('\n')), SLACK_LIMITS.fallback),
    blocks: [header, ...body, ...tail],
  };
}

/** A message that says the most important of a notice in a few hundred characters and no block, for a Slack that refuses the whole. */
export function shortMessage(notice: Notice): SlackMessage {
  const { emoji, word } = MARK[notice.severity];
  const parts = [
    `${emoji} ${word}: ${cut(oneLine(notice.title), SLACK_LIMITS.header)}`,
    ...notice.lines.slice(0, 3).map((line) => cut(oneLine(line), SMALL)),
    ...(notice.repair === undefined ? [] : [`Repair: ${cut(oneLine(notice.repair), SMALL)}`]),
    'Slack refused the whole message: see the command line for the rest.',
  ];
  return { text: cut(escapeMrkdwn(parts.join('\n')), SLACK_LIMITS.text), blocks: [] };
}

/** Characters of all texts of some blocks. */
export function lengthOf(blocks: readonly Block[]): number {
  const texts = blocks.flatMap((block) =>
    block.type === 'context' ? block.elements.map(({ text }) => text) : [block.text.text],
  );
  return texts.join('').length;
}

/** Lines packed into as few sections as Slack's limit of a text allows, in at most `room` blocks and `space` characters. */
function sections(lines: readonly string[], room: number, space: number): Block[] {
  const texts: string[] = [];
  let current = '';
  let used = 0;
  let length = SLACK_LIMITS.header;
  for (const line of lines) {
    const piece = cut(escapeMrkdwn(line), SLACK_LIMITS.text);
    length += piece.length + 1;
    if (length > space) break;
    const joined = current === '' ? piece : `${current}\n${piece}`;
    if (joined.length <= SLACK_LIMITS.text) current = joined;
    else {
      if (texts.length === room - 2) break;
      texts.push(current);
      current = piece;
    }
    used++;
  }
  if (current !== '') texts.push(current);
  if (used < lines.length) texts.push(`… and ${lines.length - used} more lines: see the command line`);
  return texts.map(section);
}

function section(text: string): Block {
  return { type: 'section', text: mrkdwn(text) };
}

function mrkdwn(text: string): Mrkdwn {
  return { type: 'mrkdwn', text };
}

/** The owner, and what an open incident can be answered with: GitHub starts a workflow from its page, with the name to type. */
function answerLine({ severity, phase, incident }: Notice, around: Surroundings): string | undefined {
  const { owners, repositoryUrl } = around;
  const owner = CALLING.includes(severity) ? (owners?.get(phase ?? '*') ?? owners?.get('*')) : undefined;
  const page = (file: string): string => `${repositoryUrl}/actions/workflows/${file}`;
  const buttons =
    incident === undefined || repositoryUrl === undefined
      ? []
      : [
          `${linkText('acknowledge or snooze', page('incidents.yml'))} \`${escapeMrkdwn(oneLine(incident))}\``,
          linkText('ask again', page('canaries.yml')),
        ];
  const parts = [...(owner === undefined ? [] : [owner]), ...buttons];
  return parts.length === 0 ? undefined : parts.join(' · ');
}

function codeBlock(text: string): string {
  return `\`\`\`${cut(escapeMrkdwn(text), SLACK_LIMITS.text - 40)}\`\`\``;
}

function runbookText(path: string, address: string | undefined): string {
  if (address === undefined) return `runbook ${escapeMrkdwn(oneLine(path))}`;
  return linkText(`runbook ${oneLine(path)}`, address);
}

function linkText(text: string, address: string): string {
  return `<${escapeMrkdwn(address).replaceAll('|', '%7C')}|${escapeMrkdwn(text).replaceAll('|', '/')}>`;
}

/** Cuts to a length in UTF-16 units, never inside a character, an escape or in silence. */
function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  return `${text
    .slice(0, limit - 1)
    .replace(/[\uD800-\uDBFF]$/u, '')
    .replace(/&[a-z]{0,3}$/, '')}…`;
}
