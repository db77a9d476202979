/**
 * Senders of traces build their addresses in many ways from the endpoint that they were given. Each
 * route is registered once, under `/api/v1` or `/api/v2`, and every other way is led there before
 * routing.
 */

/** What the LangSmith API's paths begin with after any prefix. */
const HEADS: ReadonlySet<string> = new Set([
  "annotation-queues",
  "commits",
  "datasets",
  "examples",
  "feedback",
  "feedback-configs",
  "info",
  "likes",
  "orgs",
  "platform",
  "public",
  "repos",
  "runs",
  "sessions",
  "settings",
  "tenants",
  "workspaces",
]);

/** Of the second version; `/v2/rerank` is inference. */
const HEADS_2: ReadonlySet<string> = new Set([
  "datasets",
  "public",
  "runs",
  "sessions",
  "sql",
  "threads",
  "traces",
]);

const OTLP = /^(?:\/api\/public|\/api\/v1|\/api)?\/otel(\/v1\/(?:traces|metrics|logs))$/;
/** The JS SDK forgets the question mark: `/public/{token}/runsid=…`. */
const FORGOTTEN_MARK = /^(.*\/public\/[^/]+\/runs)([a-z_]+=.*)$/;

/** The address under which a trace sender's route is registered; every other address as it is. */
export function canonicalTraceUrl(url: string): string {
  const [path, query] = parted(url);
  const tidy = path.replaceAll(/\/{2,}/g, "/").replace(/(?<=.)\/$/, "");
  const isOurs = tidy === "/langsmith" || tidy.startsWith("/langsmith/");
  const inner = isOurs ? tidy.slice("/langsmith".length) : tidy;
  const otlp = OTLP.exec(inner)?.[1];
  const found = otlp ?? secondVersion(inner) ?? firstVersion(inner);
  if (found !== undefined) return found + query;
  return isOurs ? `/api/v1${inner}${query}` : url;
}

function parted(url: string): [path: string, query: string] {
  const mark = url.indexOf("?");
  if (mark !== -1) return [url.slice(0, mark), url.slice(mark)];
  const forgotten = FORGOTTEN_MARK.exec(url);
  return forgotten ? [forgotten[1] ?? "", `?${forgotten[2] ?? ""}`] : [url, ""];
}

function secondVersion(path: string): string | undefined {
  const [, prefix, rest = ""] = /^(\/api)?\/v2\/(.+)$/.exec(path) ?? [];
  if (rest === "") return undefined;
  return prefix !== undefined || HEADS_2.has(headOf(rest)) ? `/api/v2/${rest}` : undefined;
}

function firstVersion(path: string): string | undefined {
  // Some SDKs put `/v1/platform` behind an endpoint that ends in `/v1`.
  if (path.startsWith("/api/v1/")) return path.replace("/api/v1/v1/platform/", "/api/v1/platform/");
  const rest = path.replace(/^\/api(?=\/)/, "").replace(/^\/v1(?=\/platform\/)/, "");
  return HEADS.has(headOf(rest.slice(1))) ? `/api/v1${rest}` : undefined;
}

function headOf(rest: string): string {
  const end = rest.indexOf("/");
  return end === -1 ? rest : rest.slice(0, end);
}
