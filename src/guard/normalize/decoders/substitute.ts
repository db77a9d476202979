import type { Decoded } from "../decoder.ts";

/** What stands further apart than this belongs to different stretches, in characters. */
const REACH = 80;

export interface Substitution {
  /** Global and linear. */
  readonly pattern: RegExp;
  /** What stands for a match; undefined: it is none, and stays. */
  readonly replace: (match: string) => string | undefined;
  /** As many matches close together are no accident. */
  readonly min: number;
}

/**
 * Replaces what a pattern finds where it finds enough of it: stretches of text in which `min`
 * matches or more stand close together, read on to the ends of their lines.
 */
export function substitute(text: string, { pattern, replace, min }: Substitution): Decoded[] {
  const found = stretches(text, pattern, (match) => replace(match) !== undefined);
  const dense = found.filter(({ matches }) => matches >= min);
  return widened(text, dense).map(({ start, end }) => ({
    text: text.slice(start, end).replace(pattern, (match) => replace(match) ?? match),
    start,
    end,
  }));
}

interface Stretch {
  start: number;
  end: number;
  matches: number;
}

function stretches(text: string, pattern: RegExp, isMeant: (match: string) => boolean): Stretch[] {
  const found: Stretch[] = [];
  for (const { 0: match, index } of text.matchAll(pattern)) {
    if (!isMeant(match)) continue;
    const last = found.at(-1);
    if (last && index - last.end <= REACH) {
      last.end = index + match.length;
      last.matches++;
    } else {
      found.push({ start: index, end: index + match.length, matches: 1 });
    }
  }
  return found;
}

/** Out to the ends of lines, but no further than REACH, and never into the stretch before. */
function widened(text: string, found: readonly Stretch[]): Stretch[] {
  let free = 0;
  return found.map(({ start, end, matches }) => {
    const before = Math.max(free, start - REACH, text.lastIndexOf("\n", start - 1) + 1);
    const line = text.slice(end, end + REACH).indexOf("\n");
    free = Math.min(text.length, line < 0 ? end + REACH : end + line);
    return { start: Math.min(start, before), end: free, matches };
  });
}
