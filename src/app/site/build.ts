import { readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { App } from '#app/compose.ts';
import { readHealth } from '#app/reading/operations.ts';
import type { SlateSpan } from '#app/reading/slate.ts';
import { parseSlate, seasonOf, seasonSpan } from '#core/calendar.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import type { Status } from '#guard/status/status.ts';
import { makeWithParents } from '#platform/folders.ts';
import { type Bundle, bundleSite } from './bundle.ts';
import { allDocuments, isOfSeason } from './documents.ts';
import { documentScript, indexPage, singlePage } from './page.ts';

/** What a build wrote. */
export interface SiteBuild {
  readonly folder: string;
  readonly index: string;
  readonly files: number;
  readonly bytes: number;
}

/** Files that are written at the same time. */
const MAX_OPEN_FILES = 32;
/** Marks a folder as written by a build: only such a folder may be emptied by the next one. */
const MARKER = '.tipoff-site';

/**
 * Writes the site of a season into a folder: the page, its script and style, and every document. Those about the whole season
 * are also written as JSON. A folder that is neither empty nor an earlier site is refused with TIPOFF_BAD_INPUT.
 */
export async function buildSite(
  app: App,
  { folder, span }: { readonly folder: string; readonly span: SlateSpan },
): Promise<SiteBuild> {
  const bundle = await bundleSite();
  await empty(folder);
  const writer = fileWriter(folder);
  await writer.write(MARKER, '');
  await writeAssets(writer, bundle);
  for await (const [path, document] of allDocuments(app, span)) {
    await writer.write(`data/${path}.js`, documentScript(path, document));
    if (isOfSeason(path)) await writer.write(`data/${path}.json`, JSON.stringify(document));
  }
  const { files, bytes } = await writer.end();
  return { folder, index: join(folder, 'index.html'), files, bytes };
}

/** The health page as one file, for a status. */
export async function healthFile(app: App, status: Status): Promise<string> {
  const span = seasonSpan(seasonOf(parseSlate(status.slate)));
  const health = await readHealth(app, span, status);
  return singlePage(await bundleSite(), [await documentScript('health', health)]);
}

async function writeAssets(writer: FileWriter, { script, style, licences }: Bundle): Promise<void> {
  await writer.write('index.html', indexPage({ live: false }));
  await writer.write('assets/site.js', script);
  await writer.write('assets/site.css', style);
  await writer.write('assets/licences.txt', licences);
  // GitHub Pages would leave out what it takes for drafts.
  await writer.write('.nojekyll', '');
}

async function empty(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw unwritable(folder, error);
  });
  if (names.length > 0 && !names.includes(MARKER)) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `expected an empty folder or an earlier site, saw ${folder}`, {
      hint: 'Name another folder with --out.',
      details: { folder },
    });
  }
  await rm(folder, { recursive: true, force: true });
}

interface FileWriter {
  /** Begins to write a file, of a text that may be under way itself. */
  write(path: string, text: string | Promise<string>): Promise<void>;
  end(): Promise<{ readonly files: number; readonly bytes: number }>;
}

/** Writes files, several concurrently, and counts them. */
function fileWriter(folder: string): FileWriter {
  const open = new Set<Promise<void>>();
  let [files, bytes] = [0, 0];
  // Thrown by the next call, because nothing awaits a write in between.
  const failures: unknown[] = [];
  const demand = (): void => {
    if (failures.length > 0) throw failures[0];
  };
  const one = async (path: string, wanted: string | Promise<string>): Promise<void> => {
    const text = await wanted;
    bytes += Buffer.byteLength(text);
    try {
      const file = join(folder, path);
      makeWithParents(dirname(resolve(file)));
      await writeFile(file, text);
    } catch (error) {
      throw unwritable(folder, error);
    }
  };
  return {
    write: async (path, text) => {
      files++;
      const writing = one(path, text)
        .catch((error: unknown) => {
          failures.push(error);
        })
        .finally(() => open.delete(writing));
      open.add(writing);
      if (open.size >= MAX_OPEN_FILES) await Promise.race(open);
      demand();
    },
    end: async () => {
      await Promise.all(open);
      demand();
      return { files, bytes };
    },
  };
}

function unwritable(folder: string, cause: unknown): TipoffError {
  return new TipoffError(
    'TIPOFF_STORAGE',
    `the site could not be written to ${folder}: ${messageOf(cause)}`,
    {
      hint: 'Give a folder that can be written, with room in it.',
      details: { folder },
      cause,
    },
  );
}
