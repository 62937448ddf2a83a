import type { Context, Env, Hono, Next } from 'hono';
import { compress } from 'hono/compress';
import { getSignedCookie, setSignedCookie } from 'hono/cookie';
import { html } from 'hono/html';
import type { ServedSite } from '#app/site/live.ts';
import { type Refusal, refusal } from './problem.ts';
import type { Route } from './route.ts';
import type { Service } from './runtime.ts';

const COOKIE = 'tipoff_login';
const LOGIN_SECONDS = 7 * 86_400;
const LOCAL_HOSTS = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Adds the pages: the site at `/`, its files, and the endpoints as a page at `/docs`. They only read. On this machine they
 * are open to whoever calls it by a name of this machine; elsewhere they want the key or a token, or the cookie that a
 * login with the key gives.
 */
export function addSite<E extends Env>(
  app: Hono<E>,
  service: Service,
  site: ServedSite,
  routes: readonly Route[],
): void {
  const admit = async (c: Context, next: Next): Promise<Response | undefined> => {
    if (await isAdmitted(c, service, site)) {
      await next();
      return undefined;
    }
    if (c.req.header('accept')?.includes('text/html') === true) return c.redirect('/login');
    return c.json(NOT_LOGGED_IN.problem, NOT_LOGGED_IN.status as 401);
  };
  const show = async (c: Context, path: string): Promise<Response> => {
    const file = await site.file(path);
    if (file === undefined) return c.notFound();
    c.header('cache-control', file.isFixed ? 'no-cache' : 'no-store');
    c.header('x-content-type-options', 'nosniff');
    c.header('referrer-policy', 'no-referrer');
    return c.body(file.text, 200, { 'content-type': `${file.type}; charset=utf-8` });
  };
  app.get('/', admit, (c) => show(c, 'index.html'));
  app.get('/assets/*', admit, compress(), (c) => show(c, c.req.path.slice(1)));
  app.get('/data/*', admit, (c) => show(c, c.req.path.slice(1)));
  app.get('/docs', admit, (c) => c.html(endpointsPage(routes)));
  app.get('/login', (c) => c.html(loginPage('')));
  app.post('/login', async (c) => {
    const { key } = await c.req.parseBody();
    const caller = await service.authenticate((name) =>
      name === 'x-api-key' && typeof key === 'string' ? key : undefined,
    );
    service.log.info({ path: '/login', status: caller === undefined ? 401 : 302 }, 'login');
    if (caller === undefined) return c.html(loginPage('That is not the key.'), 401);
    const until = service.deps.clock.now().getTime() + LOGIN_SECONDS * 1000;
    await setSignedCookie(c, COOKIE, String(until), site.secret, {
      httpOnly: true,
      sameSite: 'Strict',
      secure: c.req.header('x-forwarded-proto') === 'https' || c.req.url.startsWith('https:'),
      path: '/',
      maxAge: LOGIN_SECONDS,
    });
    return c.redirect('/');
  });
}

const NOT_LOGGED_IN: Refusal = refusal(
  'TIPOFF_UNAUTHORISED',
  'expected the API key in X-API-Key, an identity token, or the cookie of a login, saw none that is valid',
  'Log in at /login with the key of the service; that of a local one lies in home.lock of its home.',
);

async function isAdmitted(c: Context, { authenticate, deps }: Service, site: ServedSite): Promise<boolean> {
  // By its own name: a page from elsewhere that points a name of its own at this machine reads nothing.
  const host = (c.req.header('host') ?? new URL(c.req.url).host).replace(/:\d+$/, '');
  if (site.isLocal && LOCAL_HOSTS.includes(host)) return true;
  const until = await getSignedCookie(c, site.secret, COOKIE);
  if (typeof until === 'string' && Number(until) > deps.clock.now().getTime()) return true;
  return (await authenticate((name) => c.req.header(name))) !== undefined;
}

type Markup = ReturnType<typeof html>;

function plainPage(title: string, body: Markup): Markup {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'self' 'unsafe-inline'; form-action 'self'">
<title>${title} · Tipoff</title>
<link rel="stylesheet" href="/assets/site.css">
</head>
<body>
<header class="top"><a class="brand" href="/"><span class="ball" aria-hidden="true"></span> Tipoff</a></header>
<main>${body}</main>
</body>
</html>`;
}

function loginPage(trouble: string): Markup {
  return plainPage(
    'Log in',
    html`<h1>Log in</h1>
<p class="lead">The pages only read. They want the key of this service, and remember it for a week.</p>
<form method="post" action="/login" class="filters">
<label class="choice"><span>Key</span><input type="password" name="key" autocomplete="current-password" required></label>
<button class="more" type="submit">Log in</button>
</form>
<p class="bad" role="status">${trouble}</p>`,
  );
}

/** The endpoints, as people read them. */
function endpointsPage(routes: readonly Route[]): Markup {
  const row = ({ method, path, summary, open, answers }: Route): Markup =>
    html`<tr><td><code>${method.toUpperCase()}</code></td><td><code>${path}</code></td><td>${summary}</td><td>${open === true ? 'open' : 'key or token'}</td><td>${Object.keys(answers).join(', ')}</td></tr>`;
  return plainPage(
    'Endpoints',
    html`<h1>Endpoints</h1>
<p class="lead">With schemas of every body and answer: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1). A key goes into X-API-Key.</p>
<section class="scroll" tabindex="0" aria-label="Endpoints">
<table><thead><tr><th scope="col">Method</th><th scope="col">Path</th><th scope="col">What</th><th scope="col">Who</th><th scope="col">Answers</th></tr></thead>
<tbody>${routes.map(row)}</tbody></table>
</section>`,
  );
}
