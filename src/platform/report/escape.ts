/** Text from outside as one plain line: it can neither break a layout nor steer a terminal. */
export function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').trim();
}

/** Text that Markdown and HTML show as it is: no links, images, mentions, tables or markup come of it. */
export function escapeMarkdown(text: string): string {
  return (
    oneLine(text)
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('#', '&#35;')
      .replace(/@(?=\w)/g, '&#64;')
      .replace(/[\\`*{}[\]()!|~]/g, (character) => `\\${character}`)
      // Within a word an underscore is no markup.
      .replace(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, '\\_')
  );
}

/** A command as a fenced block of Markdown, whatever is in it. */
export function fencedMarkdown(command: string): string {
  return `\`\`\`sh\n${command.replaceAll('```', "'''")}\n\`\`\``;
}

/** Text between tags and in quoted attributes of HTML. On GitHub it mentions nobody either. */
export function escapeHtml(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
    .replace(/@(?=\w)/g, '&#64;');
}

/** The three characters that Slack reads as markup in any text, and the mark that would open a code block. */
export function escapeMrkdwn(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('```', "'''");
}

/** One line of a log that GitHub cannot take for a workflow command, whoever wrote the text in it. */
export function escapeLogLine(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .replace(/^(\s*)::/u, '$1: :')
    .replaceAll('##[', '## [');
}

/** The first bytes of a text that is too long, with a word that something is missing. Never cuts inside a character. */
export function cutToBytes(text: string, limit: number): string {
  if (byteLength(text) <= limit) return text;
  const note = '\n\n(cut: too long for this place)\n';
  return (
    Buffer.from(text)
      .subarray(0, limit - byteLength(note) - 4)
      .toString('utf8')
      .replace(/\uFFFD+$/u, '') + note
  );
}

/** Bytes of a text in UTF-8. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text);
}
