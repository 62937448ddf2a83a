import { TipoffError } from '#core/errors.ts';
import type { ObjectStore } from '#platform/objects/port.ts';
import { SCHEMA_VERSION } from './document.ts';
import { readStored } from './stored.ts';
import type { ExportDeps } from './write.ts';

export const MANIFEST_PATH = 'exports/index.json';

/** What the manifest says of one document. */
export interface ManifestEntry {
  readonly path: string;
  readonly kind: unknown;
  readonly status: unknown;
  readonly slate: unknown;
  readonly season: unknown;
  readonly row_count: unknown;
  readonly simulated: unknown;
  readonly generated_at: unknown;
}

const ATTEMPTS = 5;

/**
 * Brings `exports/index.json` in line with the store: an entry for every document that is there, read anew for those that
 * `changed` and for those it did not know. Not rewritten when nothing changed; a lost race is tried again.
 */
export async function updateManifest({ objects, clock }: Pick<ExportDeps, 'objects' | 'clock'>, changed: readonly string[]): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const stored = await readStored(objects, MANIFEST_PATH);
    const known = new Map(entriesOf(stored.head['documents']).map((entry) => [entry.path, entry]));
    for (const path of changed) known.delete(path);
    const paths = (await objects.list('exports/')).filter((path) => path.endsWith('.json') && path !== MANIFEST_PATH).sort();
    const documents: ManifestEntry[] = [];
    for (const path of paths) documents.push(known.get(path) ?? (await entryOf(objects, path)));
    if (stored.generatedAt !== undefined && stored.text === manifestText(documents, stored.generatedAt)) return;
    try {
      await objects.put(MANIFEST_PATH, manifestText(documents, clock.now().toISOString()), {
        contentType: 'application/json',
        cacheControl: 'public, max-age=60',
        ifMatch: stored.etag,
      });
      return;
    } catch (error) {
      if (!(error instanceof TipoffError) || error.code !== 'TIPOFF_CONFLICT' || attempt === ATTEMPTS) throw error;
    }
  }
}

function manifestText(documents: readonly ManifestEntry[], generatedAt: string): string {
  const simulated = documents.some((entry) => entry.simulated === true);
  return `${JSON.stringify({ schema_version: SCHEMA_VERSION, kind: 'index', generated_at: generatedAt, simulated, documents })}\n`;
}

async function entryOf(objects: ObjectStore, path: string): Promise<ManifestEntry> {
  const {
    kind = null,
    status = null,
    slate = null,
    season = null,
    row_count = null,
    simulated = null,
    generated_at = null,
  } = (await readStored(objects, path)).head;
  return { path, kind, status, slate, season, row_count, simulated, generated_at };
}

function entriesOf(value: unknown): ManifestEntry[] {
  return Array.isArray(value) ? value.filter(isEntry) : [];
}

function isEntry(value: unknown): value is ManifestEntry {
  return typeof value === 'object' && value !== null && 'path' in value && typeof value.path === 'string';
}
