/** A grammar for the whole numbers from `from` to `to`, both included; undefined means no bound. */
export function integerRange(from: number | undefined, to: number | undefined): string {
  const low = from ?? Math.min(-MOST, to ?? 0);
  const high = to ?? Math.max(MOST, from ?? 0);
  if (low < 0 && high < 0) return `"-" ( ${digitsBetween(-high, -low)} )`;
  if (low < 0) return `"-" ( ${digitsBetween(1, -low)} ) | ${digitsBetween(0, high)}`;
  return digitsBetween(low, high);
}

/** Without a bound a number has up to 15 digits, as far as every double is exact. */
const MOST = 999_999_999_999_999;

/** Whole numbers that are not negative, by length: within one length, digits can be compared. */
function digitsBetween(low: number, high: number): string {
  const choices: string[] = [];
  const [lowText, highText] = [wholeText(low), wholeText(high)];
  for (let length = lowText.length; length <= highText.length; length++) {
    const first = length === lowText.length ? lowText : `1${"0".repeat(length - 1)}`;
    const last = length === highText.length ? highText : "9".repeat(length);
    choices.push(...sameLength(first, last));
  }
  return choices.join(" | ");
}

/** Never an exponent, as `String` writes from 1e21 on. */
function wholeText(value: number): string {
  return BigInt(Math.trunc(value)).toString();
}

/** All digit strings between two of the same length. */
function sameLength(low: string, high: string): string[] {
  if (low === high) return [`"${low}"`];
  const [first = "0", last = "0"] = [low[0], high[0]];
  const [restLow, restHigh] = [low.slice(1), high.slice(1)];
  const free = restLow.length;
  if (free === 0) return [`[${first}-${last}]`];
  if (first === last) return sameLength(restLow, restHigh).map((rest) => `"${first}" ${rest}`);
  const lowIsFull = /^0*$/.test(restLow);
  const highIsFull = /^9*$/.test(restHigh);
  const choices: string[] = [];
  if (!lowIsFull)
    choices.push(...sameLength(restLow, "9".repeat(free)).map((rest) => `"${first}" ${rest}`));
  const from = Number(first) + (lowIsFull ? 0 : 1);
  const to = Number(last) - (highIsFull ? 0 : 1);
  if (from <= to) choices.push(`[${from}-${to}] [0-9]{${free}}`);
  if (!highIsFull)
    choices.push(...sameLength("0".repeat(free), restHigh).map((rest) => `"${last}" ${rest}`));
  return choices;
}
