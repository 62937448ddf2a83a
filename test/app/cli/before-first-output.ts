import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * For `node --import`: makes a process believe that somebody watches it, and writes what it says first, where, and which modules
 * it had loaded by then to the file that BEFORE_FIRST_OUTPUT names. Nobody asks what comes after that: the process ends.
 */
const ROOT = new URL('../../../', import.meta.url).pathname;
const target = process.env['BEFORE_FIRST_OUTPUT'];
const loaded: string[] = [];
registerHooks({
  load(url, context, next) {
    if (url.startsWith('file:')) loaded.push(relative(ROOT, fileURLToPath(url)));
    return next(url, context);
  },
});
for (const name of ['stdout', 'stderr'] as const) {
  const stream = process[name];
  stream.isTTY = true;
  stream.write = new Proxy(stream.write, {
    apply: (write, self, said: [string | Uint8Array]) => {
      const text = String(said[0]);
      // Hiding the cursor says nothing.
      if (/[a-z]{3}/i.test(text) && target !== undefined) {
        writeFileSync(target, JSON.stringify({ stream: name, text, loaded }));
        process.exit();
      }
      return Reflect.apply(write, self, said);
    },
  });
}
