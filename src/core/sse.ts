/**
 * Server-sent events, both ways, after the WHATWG specification. Written for the hot path: no
 * stream objects, no regular expressions.
 */

/** One event as a server wrote it. `event` is empty when the server named none. */
export interface SseEvent {
  readonly event: string;
  readonly data: string;
}

export interface SseParser {
  /** Takes any slice of the stream, cut anywhere; hands every complete event to `onEvent`. */
  push(chunk: string): void;
  /** Whether bytes of an unfinished event are held: a stream that ends so was cut off. */
  readonly pending: boolean;
}

/**
 * Reads a stream of text slices into events. Comments are skipped, `\n`, `\r\n` and `\r` all end a
 * line, several `data:` lines are joined by newlines. Throws RangeError when one event grows beyond
 * `maxChars`.
 */
export function createSseParser(
  onEvent: (event: SseEvent) => void,
  maxChars = 16 * 1024 * 1024,
): SseParser {
  let rest = "";
  let event = "";
  let data: string | undefined;
  let size = 0;

  function line(text: string): void {
    if (text === "") {
      if (data !== undefined) onEvent({ event, data });
      event = "";
      data = undefined;
      size = 0;
      return;
    }
    size += text.length;
    if (size > maxChars) throw new RangeError("a server-sent event grew beyond its limit");
    const colon = text.indexOf(":");
    if (colon === 0) return;
    const field = colon === -1 ? text : text.slice(0, colon);
    const from = colon === -1 ? text.length : text[colon + 1] === " " ? colon + 2 : colon + 1;
    if (field === "data")
      data = data === undefined ? text.slice(from) : `${data}\n${text.slice(from)}`;
    else if (field === "event") event = text.slice(from);
  }

  return {
    push(chunk) {
      const text = rest + chunk;
      // Most servers write none: then it is looked for once, not at every line.
      const hasReturns = text.includes("\r");
      let start = 0;
      for (;;) {
        const end = hasReturns ? lineEnd(text, start) : text.indexOf("\n", start);
        // A lone \r at the very end may be the first half of \r\n: wait for the next slice.
        if (end === -1 || (text[end] === "\r" && end === text.length - 1)) break;
        line(text.slice(start, end));
        start = text[end] === "\r" && text[end + 1] === "\n" ? end + 2 : end + 1;
      }
      rest = text.slice(start);
      if (rest.length > maxChars) throw new RangeError("a server-sent event grew beyond its limit");
    },
    get pending() {
      return rest !== "" || data !== undefined;
    },
  };
}

function lineEnd(text: string, from: number): number {
  const lf = text.indexOf("\n", from);
  const cr = text.indexOf("\r", from);
  return cr === -1 || (lf !== -1 && lf < cr) ? lf : cr;
}

/** One event for the wire. `data` must be a single line, as JSON text is. */
export function formatSse(data: string, event = ""): string {
  return event === "" ? `data: ${data}\n\n` : `event: ${event}\ndata: ${data}\n\n`;
}

/** A comment line: keeps proxies and clients from closing a silent stream. */
export function formatSseComment(text: string): string {
  return `: ${text}\n\n`;
}
