import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { CATALOGUE } from '#guard/canaries/catalogue/catalogue.ts';
import { runbook } from '#guard/canaries/runbook.ts';

/** Renders docs/runbooks from the catalogue; runbooks of removed checks are deleted. */
const folder = 'docs/runbooks';
await mkdir(folder, { recursive: true });
const wanted = new Set(CATALOGUE.map((canary) => canary.runbook));
for (const name of await readdir(folder))
  if (name.endsWith('.md') && !wanted.has(`${folder}/${name}`)) await rm(`${folder}/${name}`);
for (const canary of CATALOGUE) await writeFile(canary.runbook, runbook(canary));
process.stdout.write(`${CATALOGUE.length} runbooks in ${folder}\n`);
