import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Bundle } from './bundle.ts';

/** Content security policy: resources from the same place only; charts set inline styles. */
const POLICY = "default-src 'none'; img-src 'self' data:; base-uri 'none'; form-action 'self'";
/** Compression level of documents. */
const LEVEL = 4;
const ICON =
  'data:image/svg+xml,%3Csvg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"%3E%3Ccircle cx="8" cy="8" r="7" fill="%23c2541b"/%3E%3Cpath d="M1 8h14M8 1v14" stroke="%23fff" stroke-width="1"/%3E%3C/svg%3E';

/**
 * A document as a script, because a page opened from disk may load scripts from its folder and nothing else. It contains the JSON,
 * gzipped, in base64, which makes a season five times smaller. A level below the default takes much less time for little more
 * space.
 */
export async function documentScript(path: string, document: object): Promise<string> {
  const packed = await promisify(gzip)(JSON.stringify(document), { level: LEVEL });
  return `tipoffDocument(${JSON.stringify(path)},"${packed.toString('base64')}")\n`;
}

/** The one page of the site. `live` says that documents change while it is open. */
export function indexPage({ live }: { readonly live: boolean }): string {
  return page(
    `${POLICY}; script-src 'self'; style-src 'self' 'unsafe-inline'`,
    '<link rel="stylesheet" href="assets/site.css">\n<script src="assets/site.js" defer></script>',
    live ? ' data-live' : '',
  );
}

/** The page as one file with some documents inside it: to send, or to keep. */
export function singlePage({ script, style }: Bundle, documents: readonly string[]): string {
  const scripts = [script, ...documents].map((text) => text.replaceAll('</script', '<\\/script'));
  const hashes = scripts
    .map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`)
    .join(' ');
  return page(
    `${POLICY}; script-src ${hashes}; style-src 'unsafe-inline'`,
    `<style>${style}</style>`,
    ' data-single',
    scripts.map((text) => `<script>${text}</script>`).join('\n'),
  );
}

function page(policy: string, head: string, marks: string, end = ''): string {
  return `<!doctype html>
<html lang="en"${marks}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>Tipoff</title>
<link rel="icon" href='${ICON}'>
${head}
</head>
<body>
<div id="site"><noscript><p>The pages are drawn by a script. Numbers of the season are in the JSON files of <code>data/</code>.</p></noscript></div>
${end}
</body>
</html>
`;
}
