import type { App } from '#app/compose.ts';
import { type Bundle, bundleSite } from './bundle.ts';
import { readDocument, siteSeason } from './documents.ts';
import { documentScript, indexPage } from './page.ts';

/** A file of the site, as it is now. */
export interface SiteFile {
  readonly type: string;
  readonly text: string;
  /** True for a file that does not change while the process runs. */
  readonly isFixed: boolean;
}

/** The pages that a service shows to people. */
export interface ServedSite {
  readonly file: (path: string) => Promise<SiteFile | undefined>;
  /** True where the service listens on this machine only: its callers can read the home anyway. */
  readonly isLocal: boolean;
  /** Signs the cookies of those who logged in. */
  readonly secret: string;
}

/** The files of the site by their paths, from an open home: documents are read on request. */
export function siteFiles(app: App): (path: string) => Promise<SiteFile | undefined> {
  let bundled: Promise<Bundle> | undefined;
  const fixed = (type: string, text: string): SiteFile => ({ type, text, isFixed: true });
  return async (path) => {
    if (path === 'index.html') return fixed('text/html', indexPage({ live: true }));
    if (path.startsWith('assets/')) {
      bundled ??= bundleSite();
      const { script, style, licences } = await bundled;
      const assets: Readonly<Record<string, SiteFile>> = {
        'assets/site.js': fixed('text/javascript', script),
        'assets/site.css': fixed('text/css', style),
        'assets/licences.txt': fixed('text/plain', licences),
      };
      return Object.hasOwn(assets, path) ? assets[path] : undefined;
    }
    const [, name, kind] = /^data\/(.+)\.(js|json)$/.exec(path) ?? [];
    if (name === undefined) return undefined;
    const document = await app.rightOfWay.first(async () => readDocument(app, await siteSeason(app), name));
    if (document === undefined) return undefined;
    return kind === 'js'
      ? { type: 'text/javascript', text: await documentScript(name, document), isFixed: false }
      : { type: 'application/json', text: JSON.stringify(document), isFixed: false };
  };
}
