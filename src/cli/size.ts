import { UsageError } from "./command.ts";

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** The bytes of a size as `6GiB`, given by `--option`. */
export function bytesAsked(size: string, option: string): number {
  const [, number = "", unit = ""] = /^([\d.]+)\s*([a-z]*)$/i.exec(size) ?? [];
  const factor = UNITS[unit.toLowerCase()];
  const bytes = Number(number) * (factor ?? NaN);
  if (bytes > 0) return bytes;
  throw new UsageError(`--${option} is a size as 6GiB or 900MB, not "${size}"`);
}
