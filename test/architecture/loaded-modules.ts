import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * For `node --import`: writes the modules of this repository that a process has loaded, one path a line relative to the
 * root, to the file that LOADED_MODULES names.
 */
const ROOT = new URL('../../', import.meta.url).pathname;
const loaded = new Set<string>();
registerHooks({
  load(url, context, next) {
    if (url.startsWith('file:') && !url.includes('/node_modules/'))
      loaded.add(relative(ROOT, fileURLToPath(url)));
    return next(url, context);
  },
});
const target = process.env['LOADED_MODULES'];
if (target !== undefined) process.on('exit', () => writeFileSync(target, [...loaded].sort().join('\n')));
