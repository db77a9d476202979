/** Figures for a reader. Every function takes null for "not known" and answers with a dash. */
const DASH = "–";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

type Figure = number | null | undefined;

/** `950`, `12,400`; from a hundred thousand on `1.2M`. */
export function formatCount(value: Figure): string {
  if (value == null) return DASH;
  return value < 100_000 ? whole.format(value) : compact.format(value);
}

/** Short for axes: `1.5K`. */
export function formatCompact(value: Figure): string {
  return value == null ? DASH : compact.format(value);
}

/** Small rates keep one or two digits: `0.05`, `3.4`, `120`. */
export function formatRate(value: Figure): string {
  if (value == null) return DASH;
  if (value === 0) return "0";
  if (value < 1) return String(Number(value.toPrecision(2)));
  return value < 100 ? oneDigit.format(value) : whole.format(value);
}

/** `80 µs`, `2.4 ms`, `85 ms`, `2.41 s`, `3 min 20 s`, `2 h 5 min`, `4 d 2 h`. */
export function formatMs(ms: Figure): string {
  if (ms == null) return DASH;
  if (ms > 0 && ms < 0.9995) return `${Math.max(1, Math.round(ms * 1000))} µs`;
  if (ms < 10) return `${Number(ms.toFixed(1))} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${Number((ms / 1000).toFixed(ms < 10_000 ? 2 : 1))} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return joinUnits([Math.floor(seconds / 60), "min"], [seconds % 60, "s"]);
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return joinUnits([Math.floor(minutes / 60), "h"], [minutes % 60, "min"]);
  const hours = Math.round(minutes / 60);
  return joinUnits([Math.floor(hours / 24), "d"], [hours % 24, "h"]);
}

function joinUnits(...parts: readonly [number, string][]): string {
  return parts
    .filter(([amount], index) => index === 0 || amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(" ");
}

/** A share of a whole: `0%`, `0.4%`, `12%`; a dash when there is no whole. */
export function formatShare(part: number, total: number): string {
  if (total === 0) return DASH;
  const percent = (part / total) * 100;
  if (percent > 0 && percent < 0.1) return "<0.1%";
  return `${percent < 10 ? Number(percent.toFixed(1)) : Math.round(percent)}%`;
}

/** Nano-dollars: `$0`, `$0.0042`, `$12.35`, `$1,204`. */
export function formatCost(nanos: Figure): string {
  if (nanos == null) return DASH;
  const dollars = nanos / 1e9;
  if (dollars === 0) return "$0";
  if (dollars >= 1000) return `$${whole.format(dollars)}`;
  if (dollars >= 1) return `$${dollars.toFixed(2)}`;
  return `$${new Intl.NumberFormat("en", { maximumSignificantDigits: 2 }).format(dollars)}`;
}

/** A price a million tokens, in dollars: `$0.40`. */
export function formatPrice(dollars: Figure): string {
  if (dollars == null) return DASH;
  return dollars === 0 ? "free" : `$${dollars < 0.01 ? dollars : dollars.toFixed(2)}`;
}

/** `640 B`, `4.8 MiB`, `177 MiB`, `1.2 GiB`. */
export function formatBytes(bytes: Figure): string {
  if (bytes == null) return DASH;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const step = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const amount = bytes / 2 ** (10 * step);
  return `${(amount < 100 ? oneDigit : whole).format(amount)} ${units[step]}`;
}

const clock = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const dayAndClock = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});
const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

/** Today's times as `14:03:22`, older ones with their day. */
export function formatTime(at: number, now: number): string {
  const sameDay = new Date(at).toDateString() === new Date(now).toDateString();
  return sameDay ? clock.format(at) : dayAndClock.format(at);
}

export function formatFullTime(at: number): string {
  return full.format(at);
}

/** `just now`, `40 s ago`, `3 min ago`, `2 h ago`, `5 d ago`. */
export function formatAgo(at: number | null, now: number): string {
  if (at === null) return "never";
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** `1 call`, `3 calls`. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}
