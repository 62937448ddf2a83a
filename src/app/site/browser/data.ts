import { useEffect, useState } from 'preact/hooks';
import type { SiteDocuments } from '#app/site/documents.ts';

declare global {
  /** Called by the scripts that carry documents: JSON, gzipped, in base64. */
  var tipoffDocument: (path: string, packed: string) => void;
}

/** A document on its way, here, or not to be had. */
export type Loaded<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'here'; readonly document: T }
  | { readonly state: 'missing' };

const documents = new Map<string, object>();
/** What scripts have brought and nobody has unpacked yet. */
const brought = new Map<string, string>();
const waiting = new Map<string, Promise<object | undefined>>();
globalThis.tipoffDocument = (path, packed) => {
  brought.set(path, packed);
};

/** True for a page in one file: it has its document inside, and no others. */
export const isSingle = document.documentElement.dataset['single'] !== undefined;
/** True where documents change while the page is open. */
export const isLive = document.documentElement.dataset['live'] !== undefined;
/** Milliseconds after which a live page looks again. */
const LIVE_PAUSE = 60_000;

/** Loads the script of a document, unless it has come already; false when there is none. */
function bring(path: string): Promise<boolean> {
  if (brought.has(path) || isSingle) return Promise.resolve(brought.has(path));
  return new Promise((done) => {
    const script = document.createElement('script');
    script.src = `data/${path}.js`;
    script.onload = () => done(true);
    script.onerror = () => done(false);
    document.head.append(script);
    script.addEventListener('load', () => script.remove());
  });
}

async function fetchDocument(path: string): Promise<object | undefined> {
  if (!(await bring(path))) return undefined;
  const bytes = Uint8Array.from(atob(brought.get(path) ?? ''), (letter) => letter.charCodeAt(0));
  brought.delete(path);
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).json();
}

async function load(path: string): Promise<object | undefined> {
  const known = documents.get(path);
  if (known !== undefined) return known;
  const begun = waiting.get(path) ?? fetchDocument(path);
  waiting.set(path, begun);
  const found = await begun.finally(() => waiting.delete(path));
  if (found !== undefined) documents.set(path, found);
  return found;
}

/** The document of a path. A live page asks again every minute. */
export function useDocument<P extends keyof SiteDocuments & string>(path: P): Loaded<SiteDocuments[P]> {
  const known = documents.get(path);
  const [seen, setSeen] = useState<{ readonly path: string; readonly document: object | undefined }>();
  useEffect(() => {
    let isOver = false;
    const look = async (): Promise<void> => {
      const document = await load(path);
      if (!isOver) setSeen({ path, document });
    };
    void look();
    const again = isLive
      ? setInterval(() => {
          documents.delete(path);
          void look();
        }, LIVE_PAUSE)
      : undefined;
    return () => {
      isOver = true;
      clearInterval(again);
    };
  }, [path]);
  const document = seen?.path === path ? seen.document : known;
  if (document !== undefined) return { state: 'here', document: document as SiteDocuments[P] };
  return seen?.path === path ? { state: 'missing' } : { state: 'loading' };
}
