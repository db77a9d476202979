import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useRef } from "react";
import { Link, Route, Switch, useLocation } from "wouter";
import { ApiError } from "./api/api-error.ts";
import { useSession } from "./api/queries.ts";
import { CallPage } from "./pages/calls/call-page.tsx";
import { CallsPage } from "./pages/calls/calls-page.tsx";
import { LoginPage } from "./pages/login/login-page.tsx";
import { OverviewPage } from "./pages/overview/overview-page.tsx";
import { Empty, ErrorNotice, SkeletonRows } from "./parts/feedback.tsx";
import { lazyPage } from "./parts/lazy-page.tsx";
import { PageHead } from "./parts/page.tsx";
import { OnlyFor } from "./parts/role.tsx";
import { Shell } from "./parts/shell.tsx";

/** The larger pages come when they are asked for, so that the first one is there sooner. */
const PlaygroundPage = lazy(async () => ({
  default: (await import("./pages/playground/playground-page.tsx")).PlaygroundPage,
}));
const ModelsPage = lazy(async () => ({
  default: (await import("./pages/models/models-page.tsx")).ModelsPage,
}));
const KeysPage = lazy(async () => ({
  default: (await import("./pages/keys/keys-page.tsx")).KeysPage,
}));
const TargetsPage = lazy(async () => ({
  default: (await import("./pages/targets/targets-page.tsx")).TargetsPage,
}));

const ReleasesPage = lazy(async () => ({
  default: (await import("./pages/releases/releases-page.tsx")).ReleasesPage,
}));
const ScalingPage = lazy(async () => ({
  default: (await import("./pages/scaling/scaling-page.tsx")).ScalingPage,
}));

const TracePage = lazyPage(async () => (await import("./pages/traces/trace-page.tsx")).TracePage);
const TracesPage = lazy(async () => {
  const { TracesPage: page } = await import("./pages/traces/traces-page.tsx");
  // Who sees the list opens a trace next.
  TracePage.preload();
  return { default: page };
});
const PerformancePage = lazy(async () => ({
  default: (await import("./pages/performance/performance-page.tsx")).PerformancePage,
}));
const CostsPage = lazy(async () => ({
  default: (await import("./pages/costs/costs-page.tsx")).CostsPage,
}));
const GuardPage = lazy(async () => ({
  default: (await import("./pages/guard/guard-page.tsx")).GuardPage,
}));
const LinkedPage = lazy(async () => ({
  default: (await import("./pages/links/linked-page.tsx")).LinkedPage,
}));

const SharedPage = lazy(async () => ({
  default: (await import("./pages/links/shared-page.tsx")).SharedPage,
}));

/** What somebody shared needs nobody to be signed in. */
const SHARED = /^\/public\/([^/]+)\/r(?:\/|$)/;

/** Nothing is shown before it is known who is there: the login page, or the dashboard. */
export function App() {
  const { data: session, error, refetch } = useSession();
  useReauthentication();
  const onSignedOut = useForgetting(session === null);
  const [path] = useLocation();
  const shared = SHARED.exec(path)?.[1];
  if (session === null && shared !== undefined) {
    return (
      <Suspense fallback={null}>
        <SharedPage token={shared} />
      </Suspense>
    );
  }
  if (session === null) return <LoginPage />;
  if (session) {
    return (
      <Shell session={session} onSignedOut={onSignedOut}>
        <Suspense fallback={<SkeletonRows count={4} height={90} />}>
          <Pages />
        </Suspense>
      </Shell>
    );
  }
  if (!error) return null;
  return (
    <main className="page">
      <ErrorNotice error={error} onRetry={() => void refetch()} />
    </main>
  );
}

function Pages() {
  return (
    <Switch>
      <Route path="/" component={OverviewPage} />
      <Route path="/playground">
        <OnlyFor scope="inference" title="Playground">
          <PlaygroundPage />
        </OnlyFor>
      </Route>
      <Route path="/calls" component={CallsPage} />
      <Route path="/calls/:id">{({ id }) => <CallPage key={id} id={id} />}</Route>
      <Route path="/traces" component={TracesPage} />
      <Route path="/traces/:id">{({ id }) => <TracePage key={id} id={id} />}</Route>
      <Route path="/performance" component={PerformancePage} />
      <Route path="/costs" component={CostsPage} />
      <Route path="/guard" component={GuardPage} />
      <Route path="/models" component={ModelsPage} />
      <Route path="/models/:tab" component={ModelsPage} />
      <Route path="/targets" component={TargetsPage} />
      <Route path="/releases" component={ReleasesPage} />
      <Route path="/scaling" component={ScalingPage} />
      <Route path="/keys" component={KeysPage} />
      <Route path="/keys/:tab" component={KeysPage} />
      <Route path={LINKS} component={LinkedPage} />
      <Route>
        <NoSuchPage />
      </Route>
    </Switch>
  );
}

/** Addresses that LangSmith's SDKs print. */
const LINKS = /^\/(?:o|public|prompts|hub)\/.+$/;

function NoSuchPage() {
  return (
    <>
      <PageHead title="No such page" name="No such page" />
      <Empty title="Nothing flows here">
        <p>
          The address leads nowhere. <Link href="/">Go to the overview</Link>
        </p>
      </Empty>
    </>
  );
}

/** Any answer 401 means that the session ended: ask who is there, which shows the login page. */
function useReauthentication(): void {
  const client = useQueryClient();
  useEffect(
    () =>
      client.getQueryCache().subscribe(({ query }) => {
        const { error } = query.state;
        if (query.queryKey[0] === "session" || !(error instanceof ApiError)) return;
        if (error.status === 401) client.setQueryData(["session"], null);
      }),
    [client],
  );
}

/**
 * What was said in the playground is not for who signs in next: it is forgotten after signing out,
 * as soon as the pages are gone, which would keep what is typed. A session that ends by itself keeps it.
 */
function useForgetting(isGone: boolean): () => void {
  const hasLeft = useRef(false);
  useEffect(() => {
    if (!isGone || !hasLeft.current) return;
    hasLeft.current = false;
    void import("./pages/playground/kept-chat.ts").then(({ forgetChat }) => forgetChat());
  }, [isGone]);
  return () => {
    hasLeft.current = true;
  };
}
