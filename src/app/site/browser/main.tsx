import { type JSX, render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Overview } from '#app/site/documents.ts';
import { when } from '#core/format.ts';
import { isLive, isSingle, useDocument } from './data.ts';
import { BackfillPage } from './pages/backfill.tsx';
import { CalibrationPage } from './pages/calibration.tsx';
import { ForecastPage } from './pages/forecast.tsx';
import { HealthPage } from './pages/health.tsx';
import { LineagePage } from './pages/lineage.tsx';
import { PlayerPage, PlayersPage } from './pages/player.tsx';
import { RecordPage } from './pages/record.tsx';
import { SlatePage } from './pages/slate.tsx';
import { Empty, Tag, Waiting } from './parts.tsx';
import { type Route, routeOf, to } from './route.ts';
import './style.css';

const PAGES = [
  ['slate', 'Tonight'],
  ['players', 'Players'],
  ['record', 'Record'],
  ['calibration', 'Calibration'],
  ['health', 'Health'],
  ['lineage', 'Lineage'],
  ['backfill', 'Backfill'],
] as const;

function Site(): JSX.Element {
  const [route, setRoute] = useState(() => routeOf(location.hash));
  const main = useRef<HTMLElement>(null);
  const overview = useDocument('overview');
  useEffect(() => {
    const moved = (): void => setRoute(routeOf(location.hash));
    addEventListener('hashchange', moved);
    return () => removeEventListener('hashchange', moved);
  }, []);
  const address = route.parts.join('/');
  const first = useRef(address);
  useEffect(() => {
    document.title = `${titleOf(route)} · Tipoff`;
    if (first.current === address) return;
    first.current = address;
    // Like a page load: scroll to the top and focus the content.
    scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [address, route]);
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        To the content
      </button>
      <TopBar route={route} overview={overview.state === 'here' ? overview.document : undefined} />
      <main id="main" ref={main} tabIndex={-1}>
        {overview.state === 'here' ? (
          <Page route={route} overview={overview.document} />
        ) : isSingle ? (
          <HealthPage />
        ) : (
          <Waiting of={overview} />
        )}
      </main>
      {overview.state === 'here' && <Foot overview={overview.document} />}
    </>
  );
}

function titleOf({ parts: [page = 'slate', name] }: Route): string {
  if (isSingle) return 'Health';
  const title = PAGES.find(([id]) => id === page)?.[1] ?? (page === 'player' ? 'Player' : 'Tipoff');
  return page === 'slate' && name !== undefined ? name : title;
}

function Page({
  route: { parts, query },
  overview,
}: {
  readonly route: Route;
  readonly overview: Overview;
}): JSX.Element {
  const [page = 'slate', name, third, fourth, fifth] = parts;
  switch (page) {
    case 'slate': {
      const slate = name ?? overview.tonight;
      if (slate === null) return <Empty title="No games">The schedule of {overview.season} is empty.</Empty>;
      if (third !== undefined)
        return (
          <ForecastPage
            slate={slate}
            player={Number(third)}
            market={fourth ?? 'points'}
            isSecond={fifth === 'second'}
          />
        );
      return <SlatePage overview={overview} slate={slate} query={query} />;
    }
    case 'players':
      return <PlayersPage overview={overview} />;
    case 'player':
      return <PlayerPage player={Number(name)} market={third} />;
    case 'record':
      return <RecordPage query={query} />;
    case 'calibration':
      return <CalibrationPage query={query} />;
    case 'health':
      return <HealthPage />;
    case 'lineage':
      return <LineagePage />;
    case 'backfill':
      return <BackfillPage />;
    default:
      return (
        <>
          <h1>Not found</h1>
          <Empty title="There is no such page">
            <a href={to()}>Tonight</a>
          </Empty>
        </>
      );
  }
}

function TopBar({
  route,
  overview,
}: {
  readonly route: Route;
  readonly overview: Overview | undefined;
}): JSX.Element {
  const [page = 'slate'] = route.parts;
  const here = page === 'player' ? 'players' : page;
  const pages = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a phone not all page links fit: scroll the current one into view, moving only the bar.
    const [bar, link] = [pages.current, pages.current?.querySelector<HTMLElement>(`a[aria-current]`)];
    if (bar === null || !link) return;
    bar.scrollLeft = link.offsetLeft - bar.offsetLeft - (bar.clientWidth - link.offsetWidth) / 2;
  }, [here]);
  return (
    <header class="top">
      <a class="brand" href={to()}>
        <span class="ball" aria-hidden="true" /> Tipoff
      </a>
      <nav ref={pages} aria-label="Pages">
        {(isSingle ? [] : PAGES).map(([id, label]) => (
          <a key={id} href={id === 'slate' ? to() : to(id)} aria-current={here === id ? 'page' : undefined}>
            {label}
          </a>
        ))}
      </nav>
      <div class="marks">
        {overview !== undefined && overview.data_source !== 'real' && (
          <Tag tone="attention">{overview.data_source}</Tag>
        )}
        {isLive && <Tag tone="good">live page</Tag>}
        <ThemeButton />
      </div>
    </header>
  );
}

type Theme = 'light' | 'dark';

function ThemeButton(): JSX.Element {
  const [theme, setTheme] = useState<Theme>(() => remembered() ?? preferred());
  useEffect(() => {
    if (theme === preferred()) delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme;
  }, [theme]);
  const other = theme === 'dark' ? 'light' : 'dark';
  return (
    <button
      type="button"
      class="theme"
      aria-label={`Show in ${other}`}
      onClick={() => {
        setTheme(other);
        remember(other);
      }}
    >
      <span aria-hidden="true">{theme === 'dark' ? '☀' : '☾'}</span>
    </button>
  );
}

function preferred(): Theme {
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

/** A page opened from disk may have no storage: then the reader's system setting always decides. */
function remembered(): Theme | undefined {
  try {
    const theme = localStorage.getItem('tipoff-theme');
    return theme === 'dark' || theme === 'light' ? theme : undefined;
  } catch {
    return undefined;
  }
}

function remember(theme: Theme): void {
  try {
    localStorage.setItem('tipoff-theme', theme);
  } catch {
    return;
  }
}

function Foot({ overview }: { readonly overview: Overview }): JSX.Element {
  return (
    <footer>
      <p>
        Season {overview.season}, as of {when(overview.as_of)}. Made by tipoff {overview.code_version}.
        {overview.data_source === 'simulated' && ' Teams, players and results are invented.'}{' '}
        <a href="assets/licences.txt">Licences</a>
      </p>
    </footer>
  );
}

addEventListener('DOMContentLoaded', () => {
  const place = document.getElementById('site');
  if (place === null) return;
  place.replaceChildren();
  render(<Site />, place);
});
