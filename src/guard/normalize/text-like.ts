import { isUtf8 } from "node:buffer";

/** Shorter than this nothing is said, and chance makes text of anything. */
export const MIN_DECODED = 8;

const CHECKED = 2000;

/** What bytes say in UTF-8, or in UTF-16 as PowerShell encodes commands; undefined: no text. */
export function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.length < MIN_DECODED) return undefined;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf16(buffer)) return asText(buffer.toString("utf16le"));
  if (!isUtf8(buffer)) return undefined;
  return asText(buffer.toString("utf8"));
}

function isUtf16(buffer: Buffer): boolean {
  return buffer.length % 2 === 0 && buffer[1] === 0 && buffer[3] === 0 && buffer[0] !== 0;
}

/** The text when it reads as one: no control characters, and mostly letters, digits and spaces. */
export function asText(text: string): string | undefined {
  if (text.length < MIN_DECODED) return undefined;
  const length = Math.min(text.length, CHECKED);
  let digits = 0;
  let spaces = 0;
  let letters = 0;
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at);
    if (isControl(code)) return undefined;
    const isLetter = (code | 32) >= 97 && (code | 32) <= 122;
    if (isLetter || code >= 0xc0) letters++;
    else if (code >= 48 && code <= 57) digits++;
    else if (code === 32 || code === 10) spaces++;
    // Between ASCII and the first accented letter there are only signs.
    else if (code >= 0x80) return undefined;
  }
  // Hex and base64 inside of something else have no spaces, and may have few letters.
  const isToken = letters + digits >= length * 0.95 && length >= 2 * MIN_DECODED;
  const isProse = letters >= length * 0.3 && letters + digits + spaces >= length * 0.7;
  return isProse || isToken ? text : undefined;
}

/** But for tabs and line ends; what stands for something that could not be read is one too. */
function isControl(code: number): boolean {
  if (code < 32) return code !== 9 && code !== 10 && code !== 13;
  return code === 127 || code === 0xfffd;
}
