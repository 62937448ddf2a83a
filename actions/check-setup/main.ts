import { z } from 'zod';
import { type ActionDeps, defineAction, reportBody } from '#actions/lib/action.ts';
import { gitHub, PAGE } from '#actions/lib/github.ts';
import { text } from '#actions/lib/inputs.ts';
import { main } from '#actions/lib/main.ts';
import { processEnvironment } from '#app/config/process.ts';
import { type Config, readConfig } from '#app/config.ts';
import { type Outcome, outcome } from '#core/check.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import { count } from '#core/format.ts';

const slackAnswer = z.looseObject({
  ok: z.boolean(),
  error: z.string().optional(),
  user: z.string().optional(),
  team: z.string().optional(),
});

/** One check of the set-up: describes what is right, or throws what is wrong and what to do. */
type Look = () => Promise<string>;

/** Scopes that the app needs for public channels; private channels need others. */
const SLACK_SCOPES = ['chat:write', 'channels:read', 'channels:history'];

/**
 * Checks everything that an installation on GitHub needs and explains what is missing: secrets, permissions, schedules, and whether
 * the providers answer this machine. Missing optional parts (Slack, props) are warnings.
 */
export const action = defineAction({
  name: 'check-setup',
  title: 'Set-up',
  inputs: z.object({ token: text() }),
  outputs: { missing: 0 },
  run: async ({ token }, deps) => {
    const config = readConfig(processEnvironment());
    const outcomes: Outcome[] = [];
    for (const { check, severity, look } of looks(config, deps, token)) {
      try {
        outcomes.push(outcome({ check, title: check, status: 'pass', severity, reason: await look() }));
      } catch (error) {
        const hint = error instanceof TipoffError ? ` ${error.hint}` : '';
        outcomes.push(
          outcome({ check, title: check, status: 'fail', severity, reason: `${messageOf(error)}.${hint}` }),
        );
      }
    }
    const failed = outcomes.filter(({ status }) => status === 'fail');
    const missing = failed.filter(({ severity }) => severity === 'critical').length;
    return {
      report: reportBody({
        verdict: missing > 0 ? 'failed' : failed.length > 0 ? 'warning' : 'ok',
        summary:
          failed.length === 0
            ? 'Everything is there.'
            : missing === 0
              ? `All that is needed is there; ${count(failed.length, 'thing')} more may be set.`
              : `${count(missing, 'thing')} to be set before anything runs, ${count(failed.length - missing, 'thing')} that may be.`,
        columns: ['what', 'is', 'says'],
        rows: outcomes.map(({ check, status, severity, reason }) => [
          check,
          status === 'pass' ? 'fine' : severity === 'critical' ? 'missing' : 'not there',
          reason,
        ]),
        outcomes: failed,
        runbook: 'docs/github.md',
      }),
      outputs: { missing },
    };
  },
});

function looks(
  config: Config,
  deps: ActionDeps,
  token: string | undefined,
): { readonly check: string; readonly severity: 'critical' | 'warning'; readonly look: Look }[] {
  const SECRETS = 'Settings → Secrets and variables → Actions';
  const must = (check: string, look: Look) => ({ check, severity: 'critical', look }) as const;
  const may = (check: string, look: Look) => ({ check, severity: 'warning', look }) as const;
  return [
    must('key of the back-ups', async () => {
      const { backupSeal } = await import('#app/backup-place.ts');
      backupSeal(config.backup, false);
      return 'set; keep a copy, because without it nothing can be restored';
    }),
    must('permission to keep the home', async () => {
      const { openBackupStore } = await import('#app/backup-place.ts');
      const store = await openBackupStore(config, undefined, deps.clock);
      await store.put('setup-probe', 'probe', { contentType: 'text/plain' });
      await store.delete('setup-probe');
      return 'a file was written and removed again';
    }),
    must('schedules', async () => {
      if (token === undefined) return 'not asked without a token';
      const { octokit, repo } = await gitHub(deps.context, token);
      const known = await octokit.paginate(octokit.rest.actions.listRepoWorkflows, { ...repo, ...PAGE });
      const fileOf = ({ path }: { readonly path: string }): string => path.split('/').at(-1) ?? path;
      // GitHub disables schedules in forks and in inactive repositories. Workflows disabled by a person stay disabled.
      const asleep = known.filter(
        ({ state }) => state === 'disabled_fork' || state === 'disabled_inactivity',
      );
      for (const { id } of asleep) await octokit.rest.actions.enableWorkflow({ ...repo, workflow_id: id });
      const off = known.filter(({ state }) => state === 'disabled_manually').map(fileOf);
      if (off.includes('day.yml'))
        throw missing('day.yml is turned off', 'Turn it on: Actions → day → Enable workflow.');
      return [
        asleep.length === 0
          ? 'all that GitHub turns off are on'
          : `turned on: ${asleep.map(fileOf).join(', ')}`,
        ...(off.length === 0 ? [] : [`turned off by hand: ${off.join(', ')}`]),
      ].join('; ');
    }),
    must('games', async () => {
      const { http } = await providers(deps);
      const { nbaSchedule } = await import('#pipeline/ingest/providers/nba.ts');
      const { espn } = await import('#pipeline/ingest/providers/espn.ts');
      try {
        const { bytes } = await nbaSchedule({ http, ...at(config.nbaUrl) }).season();
        return `NBA.com answers, ${Math.round(bytes.length / 1000)} kB`;
      } catch (error) {
        await espn({ http, ...at(config.espnUrl) }).injuries();
        return `ESPN answers; NBA.com does not: ${messageOf(error)}`;
      }
    }),
    may('player props', async () => {
      const key = config.oddsApiKey;
      if (key === undefined) {
        throw missing(
          'ODDS_API_KEY is not set: predictions are made, and no line is compared with them',
          `Get a key at The Odds API and set it under ${SECRETS}.`,
        );
      }
      const { http } = await providers(deps);
      const base = config.oddsUrl ?? 'https://api.the-odds-api.com';
      const { headers } = await http.get(`${base}/v4/sports?apiKey=${key}`);
      return `The Odds API answers, ${headers['x-requests-remaining'] ?? 'an unknown number of'} requests left`;
    }),
    may('Slack', async () => {
      if (config.slack === undefined) {
        throw missing(
          'TIPOFF_SLACK_TOKEN is not set: incidents appear in the run summaries only, and nobody is notified',
          `docs/slack.md has the app; set its bot token under ${SECRETS}.`,
        );
      }
      const { token: bot, apiUrl = 'https://slack.com/api' } = config.slack;
      const call = deps.http('Slack');
      const { body, headers } = await call({
        method: 'POST',
        url: `${apiUrl.replace(/\/+$/, '')}/auth.test`,
        token: bot,
      });
      const { ok, error, user, team } = slackAnswer.parse(body);
      const granted = headers?.get('x-oauth-scopes')?.split(',');
      const lacking = SLACK_SCOPES.filter((scope) => granted?.includes(scope) === false);
      if (ok && lacking.length > 0) {
        throw missing(
          `the app has no scope ${lacking.join(', ')}`,
          'docs/slack.md says what each is for: add them under OAuth & Permissions, and install the app again.',
        );
      }
      if (ok) return `${user ?? 'the app'} of ${team ?? 'the workspace'}, with every scope it needs`;
      throw missing(
        `Slack refuses the token: ${error ?? 'no reason given'}`,
        'docs/slack.md has the app and its scopes.',
      );
    }),
  ];
}

const at = (baseUrl: string | undefined) => (baseUrl === undefined ? {} : { baseUrl });

async function providers({ clock }: ActionDeps) {
  const { fetchHttp } = await import('#pipeline/ingest/providers/http.ts');
  return { http: fetchHttp({ clock }) };
}

function missing(message: string, hint: string): TipoffError {
  return new TipoffError('TIPOFF_BAD_INPUT', message, { hint });
}

await main(import.meta.main, action);
