import { join } from 'node:path';
import { directoryObjects } from '#platform/objects/directory.ts';
import { openGitHubRelease } from '#platform/objects/github-release.ts';
import { FAKE_GITHUB_TOKEN, FAKE_REPOSITORY, fakeGitHub } from '#test/fakes/github-server.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { objectsContract } from './objects.ts';

objectsContract('the directory of objects', async () => {
  const folder = await temporaryFolder();
  return { store: directoryObjects(join(folder.path, 'objects')), dispose: folder.remove };
});

objectsContract('assets of a release on GitHub, by a protocol fake', async () => {
  const server = await fakeGitHub();
  const store = openGitHubRelease({
    repository: FAKE_REPOSITORY,
    tag: 'tipoff-home',
    token: FAKE_GITHUB_TOKEN,
    apiUrl: server.url,
  });
  return { store, dispose: server.close };
});
