/** When a key ends, between what is kept (epoch milliseconds) and what people pick (a day). */

const DAY_MS = 86_400_000;

/** `in 40 min`, `in 5 h`, `in 89 d`. */
export function formatIn(at: number, now: number): string {
  const minutes = Math.max(0, Math.ceil((at - now) / 60_000));
  if (minutes < 60) return `in ${minutes} min`;
  if (minutes < 2880) return `in ${Math.round(minutes / 60)} h`;
  return `in ${Math.floor(minutes / 1440)} d`;
}

/** The day as a date field has it, in the reader's own time zone; empty for never. */
export function toDay(at: number | null): string {
  if (at === null) return "";
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The end of that day; null for never. A day that was not changed keeps its very moment. */
export function fromDay(day: string, before: number | null): number | null {
  if (day === "") return null;
  if (before !== null && day === toDay(before)) return before;
  return new Date(`${day}T23:59:59.999`).getTime();
}

/** The day after so many more. */
export function inDays(days: number, now: number): string {
  return toDay(now + days * DAY_MS);
}
