import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { installationSteps } from '#scripts/provision/plan.ts';
import { typed } from '#scripts/provision/step.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';

const ROOT = join(import.meta.dirname, '../..');
const isInstalled = spawnSync('gcloud', ['--version']).status === 0;
const verdicts = z.array(
  z.looseObject({ command_string: z.string(), success: z.boolean(), error_message: z.string().nullable() }),
);

/** What the parser of the real command line says against commands, which it does not run. */
async function refused(commands: readonly string[]): Promise<string[]> {
  const folder = await temporaryFolder();
  const file = join(folder.path, 'commands');
  const asked = [...new Set(commands)].map((command) => ({ command_string: command }));
  writeFileSync(file, JSON.stringify(asked));
  const { stdout, stderr } = spawnSync(
    'gcloud',
    ['meta', 'lint-gcloud-commands', `--commands-file=${file}`],
    { encoding: 'utf8', maxBuffer: 2 ** 30 },
  );
  await folder.remove();
  const start = stdout.indexOf('[');
  if (start < 0) throw new Error(`gcloud gave no verdicts: ${stderr}`);
  const judged = verdicts.parse(JSON.parse(stdout.slice(start)));
  expect(judged).toHaveLength(asked.length);
  return judged
    .filter(({ success }) => !success)
    .map(({ command_string: command, error_message: why }) => `${command}: ${why?.split('\n')[0]}`);
}

/** The commands of gcloud in the shell blocks of a page, with something in the place of each variable. */
function commandsOf(page: string): string[] {
  const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  const text = blocks.join('\n').replaceAll(/\\\n\s*/g, ' ');
  const inline = [...page.matchAll(/`(gcloud [^`]+)`/g)].map(([, command = '']) => command);
  const alone = [...text.matchAll(/^(?:[A-Z]+=\$\()?(gcloud [^\n]*?)\)?$/gm)].map(
    ([, command = '']) => command,
  );
  return [...alone, ...inline].map((command) => command.replaceAll(/\$\{?[A-Z_]+\}?/g, 'us-east1'));
}

describe.skipIf(!isInstalled)(
  'the commands for Google Cloud, by the parser of the installed command line',
  () => {
    // The command line loads what it knows of every service.
    it('are what docs/deploy.md says', { timeout: 300_000 }, async () => {
      const commands = commandsOf(readFileSync(join(ROOT, 'docs/deploy.md'), 'utf8'));
      expect(commands.length).toBeGreaterThan(8);
      expect(await refused(commands)).toEqual([]);
    });

    // And as many commands as there are kinds of things.
    it('are what provisioning runs, and a planted mistake is refused', { timeout: 300_000 }, async () => {
      const installation = {
        ...{
          project: 'my-forecasts',
          projectNumber: '123456789012',
          region: 'us-east1',
          location: 'us-east1',
        },
        ...{
          repository: 'ann/tipoff',
          repositoryId: '4711',
          image: 'us-east1-docker.pkg.dev/p/tipoff/tipoff:1',
        },
        ...{ operator: 'user:ann@example.com', alwaysOn: true, filledSecrets: [] },
      };
      // One command of each shape: the same words with other names are parsed alike.
      const shapes = new Map(
        installationSteps(installation)
          .flatMap(({ look, make, change }) => [look, make, ...(change === undefined ? [] : [change])])
          .filter(({ tool }) => tool === 'gcloud')
          .map((command) => [
            command.args
              .filter((word) => /^(?:[a-z-]+$|--)/.test(word))
              .map((word) => word.split('=')[0])
              .join(' '),
            typed(command),
          ]),
      );
      const planted = 'gcloud run services update tipoff-worker --project=my-forecasts --minimum=1';
      const found = await refused([...shapes.values(), planted]);
      expect(found, found.join('\n')).toHaveLength(1);
      expect(found[0]).toContain('--minimum');
    });
  },
);
