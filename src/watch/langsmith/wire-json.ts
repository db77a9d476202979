import { WeirError } from "../../core/errors.ts";

/** Deeper values would break whoever walks through them later. */
const MAX_DEPTH = 500;
/** A shorter text cannot be so deep. */
const DEEP_BYTES = 2 * MAX_DEPTH;
const NOT_JSON = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\b(?:NaN|Infinity)\b/gs;
/** Longer ones are not searched for NaN: no SDK writes it there. */
const MAX_REPAIRED = 4 * 1024 * 1024;

/**
 * The value of a JSON text. Python's `NaN` and `Infinity` become null, broken UTF-8 replacement
 * characters. Throws invalid_request for what is no JSON, and for what is nested too deeply.
 */
export function parseWire(text: string): unknown {
  const value = parsed(text);
  if (text.length >= DEEP_BYTES && hasManyOpeners(text) && depthOf(text) > MAX_DEPTH) {
    throw new WeirError("invalid_request", `is nested deeper than ${MAX_DEPTH} levels`);
  }
  return value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (text.length <= MAX_REPAIRED && /NaN|Infinity/.test(text)) {
      try {
        return JSON.parse(text.replace(NOT_JSON, (found) => (found[0] === '"' ? found : "null")));
      } catch {
        // As broken as before.
      }
    }
    throw new WeirError("invalid_request", "is not valid JSON", { cause });
  }
}

function hasManyOpeners(text: string): boolean {
  let count = 0;
  for (const opener of ["{", "["]) {
    for (let at = text.indexOf(opener); at !== -1; at = text.indexOf(opener, at + 1)) {
      if (++count > MAX_DEPTH) return true;
    }
  }
  return false;
}

/** How deep valid JSON goes. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let isText = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (isText) {
      if (code === 0x5c) at += 1;
      else if (code === 0x22) isText = false;
    } else if (code === 0x22) isText = true;
    else if (code === 0x7b || code === 0x5b) deepest = Math.max(deepest, (depth += 1));
    else if (code === 0x7d || code === 0x5d) depth -= 1;
  }
  return deepest;
}
