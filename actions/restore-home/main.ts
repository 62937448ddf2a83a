import { existsSync } from 'node:fs';
import { z } from 'zod';
import { defineAction, reportBody } from '#actions/lib/action.ts';
import { text } from '#actions/lib/inputs.ts';
import { main } from '#actions/lib/main.ts';
import { answerOf, errorCodeOf } from '#actions/lib/tipoff.ts';
import { processEnvironment } from '#app/config/process.ts';
import { readConfig } from '#app/config.ts';
import { homePaths } from '#platform/home.ts';

const answer = z.looseObject({
  generation: z.int(),
  created_at: z.string(),
  rows: z.int(),
  documents: z.int(),
  bytes: z.int(),
  refused: z.array(z.looseObject({ generation: z.int(), problem: z.string() })),
  differences: z.array(
    z.looseObject({ table: z.string(), leftOut: z.array(z.string()), added: z.array(z.string()) }),
  ),
});

/** First steps where nothing has ever been saved, in order. */
const SET_UP =
  'Run the workflow "setup" once (Actions → setup → Run workflow); docs/github.md has every step on one page.';

/**
 * Restores the home on this machine. In a repository that is not set up it reports what to set, and `ready` is false: the following
 * steps are skipped, and the run is green and notifies nobody.
 */
export const action = defineAction({
  name: 'restore-home',
  title: 'Saved home',
  inputs: z.object({ generation: text() }),
  outputs: { ready: false, generation: '', created_at: '' },
  run: async ({ generation: wanted }, { tipoff, profile }) => {
    const config = readConfig(processEnvironment());
    const isReady = (summary: string) => ({
      report: reportBody({ verdict: 'skipped', summary }),
      outputs: { ready: true, generation: '', created_at: '' },
    });
    const isNotReady = (summary: string) => ({
      report: reportBody({ verdict: 'skipped', summary: `${summary} ${SET_UP}` }),
    });
    if (profile === 'gcp')
      return isReady('The project of Google Cloud keeps the data: there is nothing to restore.');
    if (existsSync(homePaths(config.home).warehouse)) return isReady('The home is on this machine already.');
    const { place, key } = config.backup;
    if (place === undefined)
      return isNotReady('There is no home here, and TIPOFF_BACKUP names no place to take one from.');
    if (key === undefined) {
      return isNotReady(
        'This repository is not set up: the secret TIPOFF_BACKUP_KEY is missing. Make a key with: openssl rand -base64 32. Keep a copy, and set it under Settings → Secrets and variables → Actions.',
      );
    }
    const ran = await tipoff('restore', ...(wanted === undefined ? [] : [wanted]));
    if (wanted === undefined && errorCodeOf(ran) === 'TIPOFF_NOT_FOUND')
      return isNotReady('No home has been saved yet.');
    const restored = answerOf(ran, answer, 'restore');
    const { generation, created_at, rows, documents, bytes, refused, differences } = restored;
    return {
      report: reportBody({
        verdict: refused.length > 0 ? 'warning' : 'ok',
        summary: `Generation ${generation} of ${created_at}: ${rows} rows, ${documents} documents and models.`,
        facts: [
          ['size', `${(bytes / 1_000_000).toFixed(1)} MB`],
          ...refused.map((one): [string, string] => [`generation ${one.generation} refused`, one.problem]),
          ...differences.map(({ table, leftOut, added }): [string, string] => [
            table,
            [...leftOut.map((name) => `${name} left out`), ...added.map((name) => `${name} null`)].join(', '),
          ]),
        ],
        runbook: 'docs/runbooks/backup_fresh.md',
      }),
      outputs: { ready: true, generation, created_at },
    };
  },
});

await main(import.meta.main, action);
