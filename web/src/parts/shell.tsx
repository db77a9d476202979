import { useEffect, useRef, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { useSignOut, type SessionFacts } from "../api/queries.ts";
import { Icon, type IconName } from "./icon.tsx";
import { SessionProvider } from "./role.tsx";
import { Logo } from "./logo.tsx";
import { ThemeButton } from "./theme.tsx";

const PAGES: readonly (readonly [path: string, name: string, icon: IconName])[] = [
  ["/", "Overview", "overview"],
  ["/playground", "Playground", "playground"],
  ["/calls", "Calls", "calls"],
  ["/traces", "Traces", "traces"],
  ["/performance", "Performance", "pulse"],
  ["/costs", "Costs", "costs"],
  ["/guard", "Guard", "shield"],
  ["/models", "Models", "models"],
  ["/targets", "Targets", "targets"],
  ["/releases", "Releases", "send"],
  ["/scaling", "Scaling", "wave"],
  ["/keys", "Keys", "keys"],
];

/** The frame around every page: skip link, navigation, who is signed in. */
export function Shell(props: {
  session: SessionFacts;
  onSignedOut: () => void;
  children: ReactNode;
}) {
  const { session, onSignedOut, children } = props;
  const main = useRef<HTMLElement>(null);
  const [path] = useLocation();
  useScrollToTop(path);
  return (
    <div className="shell">
      <a
        className="skip-link"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to the content
      </a>
      <header className="rail">
        <Link href="/" className="brand">
          <Logo />
          Weir
        </Link>
        <Navigation path={path} />
        <div className="rail-water" aria-hidden="true" />
        <RailFoot session={session} onSignedOut={onSignedOut} />
      </header>
      <main id="main" ref={main} tabIndex={-1} className="page">
        <SessionProvider session={session}>{children}</SessionProvider>
      </main>
    </div>
  );
}

function Navigation({ path }: { path: string }) {
  const isHere = (page: string) => path === page || (page !== "/" && path.startsWith(`${page}/`));
  const here = useRef<HTMLUListElement>(null);
  // On a phone the pages are a row that scrolls: the present one is to be seen.
  useEffect(() => {
    here.current
      ?.querySelector("[aria-current]")
      ?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [path]);
  return (
    <nav className="nav" aria-label="Pages">
      <ul ref={here}>
        {PAGES.map(([page, name, icon]) => (
          <li key={page}>
            <Link href={page} aria-current={isHere(page) ? "page" : undefined}>
              <Icon name={icon} size={19} />
              {name}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function RailFoot(props: { session: SessionFacts; onSignedOut: () => void }) {
  const { session, onSignedOut } = props;
  const signOut = useSignOut(onSignedOut);
  return (
    <div className="rail-foot">
      <div className="who">
        Signed in as{" "}
        <span title={session.user?.name ?? undefined}>{session.user?.email ?? session.key}</span>,{" "}
        {session.role}
        <br />
        Weir {session.version}
      </div>
      <div className="row">
        <button type="button" className="rail-button" onClick={() => signOut.mutate()}>
          <Icon name="exit" size={16} /> Sign out
        </button>
        <ThemeButton />
      </div>
    </div>
  );
}

/** A new page starts at its top; going back is left to the browser. */
function useScrollToTop(path: string): void {
  const last = useRef(path);
  useEffect(() => {
    if (last.current !== path) scrollTo(0, 0);
    last.current = path;
  }, [path]);
}
