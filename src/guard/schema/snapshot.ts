import { compare } from './compare.ts';
import type { Schema, SchemaFunction, SchemaView } from './model.ts';

/**
 * The live schema with the texts of views and functions, which no engine gives back as they were written, put in from the
 * code where the live ones were made from the same text. Others keep the digest of what they were made from, and stay
 * without text where the engine does not know even that.
 */
export function liveSnapshot(live: Schema, code: Schema): Schema {
  const changed = new Set(
    compare({ ...live, tables: [] }, { ...code, tables: [] }).map(({ table }) => table),
  );
  const texts = new Map(code.views.map((view) => [view.id, view]));
  const bodies = new Map((code.functions ?? []).map((each) => [each.name, each]));
  const viewOf = (view: SchemaView): SchemaView =>
    view.digest === undefined || changed.has(view.id) ? view : (texts.get(view.id) ?? view);
  const functionOf = (each: SchemaFunction): SchemaFunction =>
    each.digests === undefined || changed.has(`fn.${each.name}`) ? each : (bodies.get(each.name) ?? each);
  return {
    ...live,
    views: live.views.map(viewOf),
    ...(live.functions === undefined ? {} : { functions: live.functions.map(functionOf) }),
  };
}
