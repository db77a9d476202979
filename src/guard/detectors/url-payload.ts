import { Buffer } from "node:buffer";

/** Shorter ones are identifiers; what is worth stealing is longer. */
const LEAST_ENCODED = 24;
const ENCODED = /[A-Za-z0-9+/_=-]{24,512}/g;
const HEX = /^(?:[0-9a-f]{2}){12,256}$|^(?:[0-9A-F]{2}){12,256}$/;
/** Text in a query, for nobody but its reader: longer than what one searches for. */
const LONG_VALUE = 200;
const PLACEHOLDER = /[{<[$]|%(?:7B|5B|3C)/i;

/** Whether a URL carries text that was encoded to be carried: in its host, its path or its query. */
export function carriesEncoded(url: URL): boolean {
  const rest = `${url.hostname.replaceAll(".", "\n")}\n${url.pathname.replaceAll("/", "\n")}\n${url.search.replaceAll(/[?&=]/g, "\n")}\n${url.hash}`;
  if (rest.length < LEAST_ENCODED) return false;
  for (const [run] of rest.matchAll(ENCODED)) if (isEncodedText(run)) return true;
  for (const value of url.searchParams.values()) {
    if (value.length >= LONG_VALUE && isReadable(value)) return true;
  }
  return false;
}

/**
 * Whether an image asks for more than a picture: a query with words or with a place to fill in. A width
 * or a version is none of these.
 */
export function carriesAnything(url: URL): boolean {
  if (PLACEHOLDER.test(url.pathname) || PLACEHOLDER.test(url.search)) return true;
  for (const value of url.searchParams.values()) {
    if (value.length >= 12 && /[^\d.,x-]/.test(value)) return true;
  }
  return carriesEncoded(url);
}

function isEncodedText(run: string): boolean {
  if (HEX.test(run)) return isReadable(Buffer.from(run, "hex").toString("latin1"));
  return isReadable(Buffer.from(run, "base64").toString("latin1"));
}

/** Letters, spaces and marks as in text: random bytes are such by chance in no run of this length. */
function isReadable(text: string): boolean {
  if (text.length < 16) return false;
  let readable = 0;
  let letters = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if ((code >= 32 && code < 127) || code === 10 || code === 9) readable += 1;
    if ((code >= 97 && code <= 122) || code === 32) letters += 1;
  }
  return readable >= text.length * 0.95 && letters >= text.length * 0.4;
}
