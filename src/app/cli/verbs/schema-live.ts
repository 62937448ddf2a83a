import type { VerbContext } from '#app/cli/context.ts';
import type { App } from '#app/compose.ts';
import type { Schema } from '#guard/schema/model.ts';

/** Works with the home as it is: making what is missing would hide that it is missing. */
export async function withLive<T>({ config, clock, terminal }: VerbContext, command: string, work: (app: App) => Promise<T>): Promise<T> {
  const { openApp } = await import('#app/compose.ts');
  const app = await openApp(config, { command, clock, prepare: false, write: (line) => terminal.progress(line) });
  try {
    for (const note of app.notes) terminal.progress(note);
    return await work(app);
  } finally {
    await app.close();
  }
}

/** Reads the live schema. */
export async function readLive(context: VerbContext, command: string): Promise<Schema> {
  const { schemaOfWarehouse } = await import('#guard/schema/from-live.ts');
  return withLive(context, command, ({ warehouse }) => schemaOfWarehouse(warehouse));
}
