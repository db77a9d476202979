import type { ReactNode } from "react";
import { adviceFor, ApiError } from "../api/api-error.ts";
import { CopyButton } from "./copy-button.tsx";
import { Icon } from "./icon.tsx";

/** A failed request: what happened, what helps, and a way to try again. */
export function ErrorNotice({ error, onRetry }: { error: Error; onRetry?: () => void }) {
  const known = error instanceof ApiError ? error : null;
  return (
    <div className="notice clay" role="alert">
      <Icon name="warning" />
      <div>
        <strong>{error.message}</strong>
        {known && adviceFor(known) !== "" && <p>{adviceFor(known)}</p>}
        {known && (
          <p className="small quiet mono">
            {known.code}
            {known.requestId !== null && ` · request ${known.requestId}`}
          </p>
        )}
        {onRetry && (
          <div className="row">
            <button type="button" className="button" onClick={onRetry}>
              <Icon name="retry" size={15} /> Try again
            </button>
          </div>
        )}
      </div>
    </div>
  );
}

/** Said above figures that could not be renewed. */
function StaleNotice({ error }: { error: Error }) {
  return (
    <div className="notice ochre" role="status">
      <Icon name="warning" />
      <div>
        <span>
          <strong>{error.message}</strong> These are the last figures that came; Weir is asked again
          by itself.
        </span>
      </div>
    </div>
  );
}

export interface Result<T> {
  readonly data: T | undefined;
  readonly error: Error | null;
  readonly refetch: () => unknown;
}

/** What a page shows for a request under way, failed, outdated or answered. */
export function Loaded<T>(props: {
  result: Result<T>;
  skeleton: ReactNode;
  children: (data: T) => ReactNode;
}) {
  const { data, error, refetch } = props.result;
  if (data !== undefined) {
    return (
      <>
        {error && <StaleNotice error={error} />}
        {props.children(data)}
      </>
    );
  }
  if (error) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  return (
    <div role="status">
      <span className="for-screen-readers">Loading</span>
      {props.skeleton}
    </div>
  );
}

/** A grey shape where something will stand. */
export function Skeleton({ height, width = "100%" }: { height: number; width?: string }) {
  return <div className="skeleton" style={{ height, width }} aria-hidden="true" />;
}

export function SkeletonRows({ count, height = 38 }: { count: number; height?: number }) {
  return (
    <div className="stack" style={{ gap: 10 }}>
      {Array.from({ length: count }, (_, index) => (
        <Skeleton key={index} height={height} />
      ))}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="panel empty">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

export function CodeBox({ code, label }: { code: string; label: string }) {
  return (
    <div className="code-box">
      <pre tabIndex={0} aria-label={label}>
        {code}
      </pre>
      <CopyButton text={code} label="Copy" />
    </div>
  );
}
