import type { RunRow } from "../../../../src/http/trace-schemas.ts";

/** The windows that the list offers, and their length; `all` sets no limit. */
const WINDOWS = {
  "15m": 900_000,
  "1h": 3_600_000,
  "24h": 86_400_000,
  "7d": 604_800_000,
  "30d": 2_592_000_000,
  all: null,
} as const;

export type TraceWindow = keyof typeof WINDOWS;
export type RunStatus = RunRow["status"];
export const STATUSES: readonly RunStatus[] = [
  "success",
  "error",
  "pending",
  "blocked",
  "canceled",
];

/** Which runs are listed: the roots of traces, every run, or those of models. */
export type Show = "traces" | "runs" | "llm";
const SHOWS: readonly Show[] = ["traces", "runs", "llm"];

/** Fields that take any text, by the API's names. */
export const TEXTS = [
  "project",
  "source",
  "type",
  "name",
  "model",
  "target",
  "key",
  "user",
  "thread",
  "prompt",
  "tag",
  "search",
  "filter",
] as const;
export type TextName = (typeof TEXTS)[number];

/** What the page's address says. Empty text means: not filtered by this. */
export interface TraceFilter extends Readonly<Record<TextName, string>> {
  readonly show: Show;
  readonly window: TraceWindow;
  readonly status: RunStatus | "";
  readonly guarded: boolean;
  /** Seconds as typed; empty for any. */
  readonly slower: string;
}

const NO_TEXTS = Object.fromEntries(TEXTS.map((name) => [name, ""])) as Record<TextName, string>;

export const NO_FILTER: TraceFilter = {
  ...NO_TEXTS,
  show: "traces",
  window: "24h",
  status: "",
  guarded: false,
  slower: "",
};

const PAGE_SIZE = 50;

/** Reads the filter from a page address; what is unknown there is left out. */
export function fromSearch(search: string): TraceFilter {
  const params = new URLSearchParams(search);
  const text = (name: string) => params.get(name) ?? "";
  const texts = Object.fromEntries(TEXTS.map((name) => [name, text(name)])) as typeof NO_TEXTS;
  return {
    ...texts,
    show: SHOWS.find((show) => show === text("show")) ?? NO_FILTER.show,
    window: isWindow(text("window")) ? (text("window") as TraceWindow) : NO_FILTER.window,
    status: STATUSES.find((status) => status === text("status")) ?? "",
    guarded: text("guarded") === "true",
    slower: Number(text("slower")) > 0 ? text("slower") : "",
  };
}

/** The filter as a page address; what is not set does not appear. */
export function toSearch(filter: TraceFilter): string {
  const params = new URLSearchParams();
  if (filter.show !== NO_FILTER.show) params.set("show", filter.show);
  if (filter.window !== NO_FILTER.window) params.set("window", filter.window);
  if (filter.status !== "") params.set("status", filter.status);
  for (const name of TEXTS) if (filter[name] !== "") params.set(name, filter[name]);
  if (filter.guarded) params.set("guarded", "true");
  if (filter.slower !== "") params.set("slower", filter.slower);
  return params.toString();
}

/** The filter as the API takes it: the window becomes a time, counted back from `now`. */
export function toQuery(filter: TraceFilter, now: number): URLSearchParams {
  const params = new URLSearchParams();
  if (filter.show === "traces") params.set("root", "true");
  if (filter.show === "llm") params.set("type", "llm");
  if (filter.status !== "") params.set("status", filter.status);
  for (const name of TEXTS) if (filter[name] !== "") params.set(name, filter[name]);
  if (filter.guarded) params.set("guarded", "true");
  const slower = Number(filter.slower);
  if (slower > 0) params.set("minDurationMs", String(slower * 1000));
  const length = WINDOWS[filter.window];
  if (length !== null) params.set("from", String(now - length));
  return params;
}

export function toPageQuery(filter: TraceFilter, now: number, cursor: string | null): string {
  const params = toQuery(filter, now);
  params.set("limit", String(PAGE_SIZE));
  if (cursor !== null) params.set("cursor", cursor);
  return params.toString();
}

/** How many parts of the filter narrow the list; window and kind of list apart. */
export function activeParts(filter: TraceFilter): number {
  const texts = TEXTS.filter((name) => filter[name] !== "").length;
  const others = [filter.status !== "", filter.guarded, filter.slower !== ""];
  return texts + others.filter(Boolean).length;
}

function isWindow(value: string): value is TraceWindow {
  return Object.hasOwn(WINDOWS, value);
}
