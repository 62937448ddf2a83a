import { join } from 'node:path';
import { directoryObjects } from '#platform/objects/directory.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { objectsContract } from './objects.ts';

objectsContract('the directory of objects', async () => {
  const folder = await temporaryFolder();
  return { store: directoryObjects(join(folder.path, 'objects')), dispose: folder.remove };
});
