import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Every address that the SDKs' shipped sources build, read from there. */

const CLIENTS = join(import.meta.dirname, "../node_modules");
const SDK = join(CLIENTS, "langsmith");
const ID = "0199aaaa-0000-7000-8000-000000000000";

export interface SdkCall {
  readonly method: string;
  /** Under the origin, with a UUID in every place that is filled in. */
  readonly path: string;
}

/** The generated client's: `this._client.get(path `/api/v1/…`, …)`. */
export function generatedCalls(): SdkCall[] {
  const calls = globSync("resources/**/*.mjs", { cwd: SDK }).flatMap((file) => {
    const source = readFileSync(join(SDK, file), "utf8");
    const pattern =
      /_client\.(get|post|put|patch|delete|getAPIList)\((?:path )?[`']([^`']+)[`']([^;]*);/g;
    return Array.from(source.matchAll(pattern), ([, name = "", path = "", rest = ""]) => ({
      method:
        name === "getAPIList" ? (/method: 'post'/.test(rest) ? "POST" : "GET") : name.toUpperCase(),
      path: filled(path),
    }));
  });
  return allOf(calls);
}

/** The hand-written client's: addresses beside `method: "…"`, and what `_get` and its cousins ask for. */
export function handWrittenCalls(file: string): SdkCall[] {
  const source = readFileSync(join(CLIENTS, file), "utf8");
  const prefix = "/api/v1";
  const direct = /\$\{this\.apiUrl\}(\/[^`?]*)[`?]/g;
  const platform = /_getPlatformEndpointPath\([`"]([^`"]+)[`"]\)/g;
  const reads = /_(?:get|getResponse|getPaginated)\(\s*[`"](\/[^`"?]*)[`"]/g;
  const queries = /_getCursorPaginatedList\(\s*"(\/[^"?]*)"/g;
  const found = (pattern: RegExp, toPath: (path: string) => string, method?: string) =>
    Array.from(source.matchAll(pattern), ({ 1: path = "", index }) => ({
      method: method ?? methodAfter(source, index),
      path: filled(toPath(path)),
    }));
  return allOf([
    ...found(direct, (path) => prefix + path),
    ...found(platform, (path) => `/v1/platform/${path}`),
    ...found(reads, (path) => prefix + path, "GET"),
    ...found(queries, (path) => prefix + path, "POST"),
  ]);
}

function methodAfter(source: string, index: number): string {
  return /method: "(\w+)"/.exec(source.slice(index, index + 1500))?.[1] ?? "GET";
}

/** `${…}` filled in: what is glued to a word is a query. */
function filled(path: string): string {
  const expression = /(\/?)\$\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}/g;
  return path
    .replaceAll(expression, (_, slash: string, inner: string) => {
      if (slash === "") return "";
      if (inner.includes("OwnerAndName")) return `/-/${ID}`;
      return inner.includes("index") ? "/0" : `/${ID}`;
    })
    .replace(/\/$/, "");
}

/** Each once, in order. */
export function allOf(calls: readonly SdkCall[]): SdkCall[] {
  const sorted = calls.toSorted((a, b) =>
    `${a.path} ${a.method}`.localeCompare(`${b.path} ${b.method}`),
  );
  return [...new Map(sorted.map((call) => [`${call.method} ${call.path}`, call])).values()];
}
