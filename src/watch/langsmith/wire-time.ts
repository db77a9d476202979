/**
 * Times as senders write them: ISO 8601 with any number of fractional digits and with or without a zone
 * (without is UTC), or a number of milliseconds after 1970. Numbers that can only be seconds,
 * microseconds or nanoseconds are read as those.
 */

const ISO =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9}))?\s*([Zz]|[+-]\d\d(?::?\d\d)?)?)?$/;
/** The end of the year 9999. */
const LAST_MS = 253_402_300_799_999;

/** Epoch milliseconds, their fraction the microseconds; undefined for what is no time. */
export function timeOf(value: unknown): number | undefined {
  if (typeof value === "string") return ofText(value);
  if (typeof value !== "number" || !(value > 0)) return undefined;
  if (value < 1e11) return value * 1000;
  if (value < 1e14) return value;
  if (value < 1e17) return value / 1000;
  return value < 1e20 ? value / 1_000_000 : undefined;
}

function ofText(text: string): number | undefined {
  if (text.length === 27 && text.endsWith("Z")) {
    // As the JS SDK writes every time: read without a pattern, for speed.
    const at = Date.parse(`${text.slice(0, 23)}Z`) + Number(text.slice(23, 26)) / 1000;
    if (at >= 0 && at <= LAST_MS) return at;
  }
  const found = ISO.exec(text.trim());
  if (!found) return /^\d+(?:\.\d+)?$/.test(text) ? timeOf(Number(text)) : undefined;
  const [, date = "", clock = "00:00:00", fraction = "", zone = "Z"] = found;
  const whole = Date.parse(
    `${date}T${clock.length === 5 ? `${clock}:00` : clock}${offsetOf(zone)}`,
  );
  const at = whole + fractionOf(fraction);
  return at >= 0 && at <= LAST_MS ? at : undefined;
}

/** `+02:00` of `+0200` and `+02`. */
function offsetOf(zone: string): string {
  if (zone === "Z" || zone === "z") return "Z";
  const digits = zone.slice(1).replace(":", "").padEnd(4, "0");
  return `${zone.slice(0, 1)}${digits.slice(0, 2)}:${digits.slice(2)}`;
}

/** Milliseconds of the digits after a second's point, to the microsecond. */
function fractionOf(digits: string): number {
  return digits === "" ? 0 : Number(digits.slice(0, 6).padEnd(6, "0")) / 1000;
}

/** As LangSmith writes times: UTC with six fractional digits and no zone. */
export function wireTime(at: number): string {
  const whole = Math.floor(at);
  const micros = Math.min(999, Math.round((at - whole) * 1000));
  return new Date(whole).toISOString().slice(0, -1) + String(micros).padStart(3, "0");
}
