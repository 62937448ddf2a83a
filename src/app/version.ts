import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import packageJson from '../../package.json' with { type: 'json' };

/**
 * What `tipoff --version` says: version, revision and Node. The revision is that of the checkout, with a plus sign where
 * files differ from it; outside of a checkout it is what the deployment declares (`TIPOFF_CODE_VERSION`), or left out.
 */
export async function versionLine(deployed: string): Promise<string> {
  const revision = (await checkedOut()) ?? (deployed === packageJson.version ? undefined : deployed);
  const known = revision === undefined ? '' : `${revision}, `;
  return `tipoff ${packageJson.version} (${known}Node ${process.versions.node})`;
}

async function checkedOut(): Promise<string | undefined> {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  try {
    const { stdout } = await promisify(execFile)(
      'git',
      ['-C', root, 'describe', '--always', '--dirty=+', '--exclude=*', '--abbrev=10'],
      { timeout: 5_000 },
    );
    return stdout.trim();
  } catch {
    // No git on this machine, or no checkout: an image has neither.
    return undefined;
  }
}
