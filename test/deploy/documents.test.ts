import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { main } from '#app/cli/program.ts';

const ROOT = join(import.meta.dirname, '../..');
const DOCUMENTS = ['docs/deploy.md', 'docs/operations.md'];
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Every `tipoff` command of a document, in blocks and between backticks, as words. */
function commandsOf(text: string): string[][] {
  const found = text.matchAll(/(?:npx tipoff|`tipoff) ([^`\n]+)/g);
  return [...found].map(([, line = '']) =>
    line
      .replaceAll(/'[^']*'/g, 'VALUE')
      .replaceAll(/<\w+>/g, 'VALUE')
      .trim()
      .split(/\s+/),
  );
}

/** The help of the verb that a command starts with. */
async function helpOf(words: readonly string[]): Promise<{ code: number; text: string }> {
  const end = words.findIndex((word) => !/^[a-z][a-z-]*$/.test(word));
  const verb = end < 0 ? words : words.slice(0, end);
  const parts: string[] = [];
  const keep = (part: string): void => {
    parts.push(part);
  };
  const code = await main([...verb, '--help'], { out: keep, err: keep });
  return { code, text: parts.join('') };
}

describe.each(DOCUMENTS)('%s', (path) => {
  it('names only verbs and options of tipoff that there are', async () => {
    const commands = commandsOf(textOf(path));
    expect(commands.length).toBeGreaterThan(5);
    for (const words of commands) {
      const { code, text } = await helpOf(words);
      const command = words.join(' ');
      expect([command, code]).toEqual([command, 0]);
      for (const option of words.filter((word) => word.startsWith('--')))
        expect(`${command}\n${text}`).toContain(` ${option}`);
      const verb = words.filter((word) => /^[a-z-]+$/.test(word) && !word.startsWith('-'))[0] ?? '';
      expect(text).toContain(`Usage: tipoff ${verb}`);
    }
  });

  it('links only to files that there are', () => {
    const links = [...textOf(path).matchAll(/\]\(([^)#]+)\)/g)]
      .map(([, link = '']) => link)
      .filter((link) => !link.startsWith('http'));
    expect(links.filter((link) => !existsSync(join(ROOT, dirname(path), link)))).toEqual([]);
  });
});

it('a verb or an option that there is not would be told', async () => {
  const [words = []] = commandsOf('npx tipoff schema aply --dry-run');
  expect((await helpOf(words)).text).not.toContain('Usage: tipoff schema aply');
  const [wrong = []] = commandsOf('`tipoff batch reset --slte 2025-01-10`');
  expect((await helpOf(wrong)).text).not.toContain(' --slte');
});
