import type { CallRow } from "../../../../src/http/admin-schemas.ts";

/** The windows that the list offers, and their length; `all` sets no limit. */
const WINDOWS = {
  "15m": 900_000,
  "1h": 3_600_000,
  "24h": 86_400_000,
  "7d": 604_800_000,
  all: null,
} as const;

export type CallWindow = keyof typeof WINDOWS;
export type Status = CallRow["status"];
export const STATUSES: readonly Status[] = ["ok", "error", "blocked", "canceled"];

/** What the filter bar says. Empty text means: not filtered by this. */
export interface CallFilter {
  readonly status: Status | "";
  readonly model: string;
  readonly key: string;
  readonly user: string;
  readonly search: string;
  readonly window: CallWindow;
  readonly guarded: boolean;
}

export const NO_FILTER: CallFilter = {
  status: "",
  model: "",
  key: "",
  user: "",
  search: "",
  window: "24h",
  guarded: false,
};

const TEXTS = ["model", "key", "user", "search"] as const;
const PAGE_SIZE = 50;

/** Reads the filter from a page address; what is unknown there is left out. */
export function fromSearch(search: string): CallFilter {
  const params = new URLSearchParams(search);
  const window = params.get("window") ?? "";
  return {
    status: STATUSES.find((status) => status === params.get("status")) ?? "",
    model: params.get("model") ?? "",
    key: params.get("key") ?? "",
    user: params.get("user") ?? "",
    search: params.get("search") ?? "",
    window: isWindow(window) ? window : NO_FILTER.window,
    guarded: params.get("guarded") === "true",
  };
}

/** The filter as a page address; what is not set does not appear. */
export function toSearch(filter: CallFilter): string {
  const params = new URLSearchParams();
  if (filter.status !== "") params.set("status", filter.status);
  for (const name of TEXTS) if (filter[name] !== "") params.set(name, filter[name]);
  if (filter.window !== NO_FILTER.window) params.set("window", filter.window);
  if (filter.guarded) params.set("guarded", "true");
  return params.toString();
}

/** The filter as the API takes it: the window becomes a time, counted back from `now`. */
export function toQuery(filter: CallFilter, now: number, cursor: string | null): string {
  const params = new URLSearchParams(toSearch({ ...filter, window: NO_FILTER.window }));
  const length = WINDOWS[filter.window];
  if (length !== null) params.set("from", String(now - length));
  params.set("limit", String(PAGE_SIZE));
  if (cursor !== null) params.set("cursor", cursor);
  return params.toString();
}

/** How many parts of the filter narrow the list, the window apart. */
export function activeParts(filter: CallFilter): number {
  const texts = TEXTS.filter((name) => filter[name] !== "").length;
  return texts + (filter.status === "" ? 0 : 1) + (filter.guarded ? 1 : 0);
}

function isWindow(value: string): value is CallWindow {
  return Object.hasOwn(WINDOWS, value);
}
