import { useEffect, useState } from 'preact/hooks';
import type { SiteDocuments } from '#app/site/documents.ts';

declare global {
  /** Called by the document scripts; `packed` is gzipped JSON in base64. */
  var tipoffDocument: (path: string, packed: string) => void;
}

/** A document that is loading, loaded or missing. */
export type Loaded<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'here'; readonly document: T }
  | { readonly state: 'missing' };

const documents = new Map<string, object>();
/** Packed documents that scripts have delivered and nobody has unpacked yet, by path. */
const brought = new Map<string, string>();
const waiting = new Map<string, Promise<object | undefined>>();
globalThis.tipoffDocument = (path, packed) => {
  brought.set(path, packed);
};

/** True for a single-file page, which contains its document and no others. */
export const isSingle = document.documentElement.dataset['single'] !== undefined;
/** True where documents change while the page is open. */
export const isLive = document.documentElement.dataset['live'] !== undefined;
/** Milliseconds between reloads of a document on a live page. */
const LIVE_PAUSE = 60_000;

/** Loads the script of a document unless it is already here; false when there is none. */
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

/** The document at a path. A live page reloads it every minute. */
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
