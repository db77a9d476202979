import {
  CLOSING,
  type Framing,
  MAX_LENGTH,
  MalformedResponse,
  checkStart,
  parseHead,
} from "./response-head.ts";
import type { ResponseHead } from "./transport.ts";

/** What the reader tells while it takes bytes. Either call may end in `stop()`. */
export interface ReaderListener {
  head(head: ResponseHead): void;
  /** A view into the bytes that are being pushed. */
  body(chunk: Buffer): void;
}

/** Most bytes of one head, and of all chunk extensions and trailers of one answer. */
const MAX_HEAD = 64 * 1024;

const [CR, LF, SPACE, TAB, SEMICOLON] = [13, 10, 32, 9, 59];

type State =
  | "head"
  | "length"
  | "until-close"
  | "size"
  | "extension"
  | "size-end"
  | "chunk"
  | "chunk-cr"
  | "chunk-lf"
  | "trailer-start"
  | "trailer"
  | "trailer-end"
  | "last-lf"
  | "done";

/**
 * Reads the answer to one POST from slices cut anywhere. Strict on purpose: only CRLF, no folded
 * headers, one way of framing; where two readings are possible it throws MalformedResponse and the
 * connection is thrown away.
 */
export class ResponseReader {
  /** Bytes came after the end: the connection cannot be trusted any more. */
  hasExcess = false;
  private readonly listener: ReaderListener;
  private state: State = "head";
  private held = "";
  private left = 0;
  private digits = 0;
  private skipped = 0;
  private framing: Framing = CLOSING;

  constructor(listener: ReaderListener) {
    this.listener = listener;
  }

  /** Makes ready for the next answer on the same connection. */
  reset(): void {
    this.state = "head";
    this.held = "";
    this.hasExcess = false;
    this.framing = CLOSING;
  }

  get isDone(): boolean {
    return this.state === "done";
  }

  get isInBody(): boolean {
    return this.state !== "head" && this.state !== "done";
  }

  /** Whether the connection may carry another request, once done. */
  get keepsAlive(): boolean {
    return this.framing.keepsAlive && !this.hasExcess;
  }

  /** How long the upstream says it keeps an idle connection. */
  get keepAliveMs(): number | undefined {
    return this.framing.keepAliveMs;
  }

  /** Takes no more bytes: the reader of the answer has left. */
  stop(): void {
    this.state = "done";
    this.framing = CLOSING;
  }

  /** Whether an end of the connection here is the end of the answer. */
  endsHere(): boolean {
    return this.state === "done" || this.state === "until-close";
  }

  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.state === "done") {
        this.hasExcess = true;
        return;
      }
      if (this.state === "head") at = this.takeHead(bytes, at);
      else if (this.state === "until-close") at = this.hand(bytes, at, bytes.length);
      else if (this.state === "length" || this.state === "chunk") at = this.takeBody(bytes, at);
      else at = this.takeFraming(bytes, at);
    }
  }

  private takeHead(bytes: Buffer, from: number): number {
    const before = this.held.length;
    const most = from + MAX_HEAD + 4 - before;
    this.held += bytes.toString("latin1", from, Math.min(bytes.length, most));
    const end = this.held.indexOf("\r\n\r\n", Math.max(0, before - 3));
    if (end === -1 || end > MAX_HEAD) {
      if (this.held.length > MAX_HEAD) throw new MalformedResponse("its head is too long");
      checkStart(this.held);
      return bytes.length;
    }
    const framing = parseHead(this.held.slice(0, end));
    this.held = "";
    if (framing.head.status >= 200) this.begin(framing);
    return from + end + 4 - before;
  }

  private begin(framing: Framing): void {
    this.framing = framing;
    this.left = framing.length ?? 0;
    this.skipped = 0;
    this.digits = 0;
    if (framing.isChunked) this.state = "size";
    else if (framing.length === undefined) this.state = "until-close";
    else this.state = framing.length === 0 ? "done" : "length";
    this.listener.head(framing.head);
  }

  private takeBody(bytes: Buffer, from: number): number {
    const end = Math.min(bytes.length, from + this.left);
    this.left -= end - from;
    if (this.left === 0) this.state = this.state === "length" ? "done" : "chunk-cr";
    return this.hand(bytes, from, end);
  }

  private hand(bytes: Buffer, from: number, to: number): number {
    this.listener.body(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to));
    return to;
  }

  /** Chunk sizes, extensions and trailers: one byte at a time, until there is content again. */
  private takeFraming(bytes: Buffer, from: number): number {
    let at = from;
    while (at < bytes.length) {
      this.takeFramingByte(bytes[at] ?? 0);
      at += 1;
      if (this.state === "chunk" || this.state === "done") break;
    }
    return at;
  }

  private takeFramingByte(byte: number): void {
    switch (this.state) {
      case "size":
        this.takeSizeByte(byte);
        return;
      case "extension":
        this.skip(byte, "size-end");
        return;
      case "trailer":
        this.skip(byte, "trailer-end");
        return;
      case "size-end":
        this.expect(byte, LF, this.left === 0 ? "trailer-start" : "chunk");
        return;
      case "chunk-cr":
        this.expect(byte, CR, "chunk-lf");
        return;
      case "chunk-lf":
        this.digits = 0;
        this.expect(byte, LF, "size");
        return;
      case "trailer-start":
        if (byte === CR) this.state = "last-lf";
        else this.skip(byte, "trailer-end");
        return;
      case "trailer-end":
        this.expect(byte, LF, "trailer-start");
        return;
      default:
        this.expect(byte, LF, "done");
    }
  }

  private takeSizeByte(byte: number): void {
    const digit = hexDigit(byte);
    if (digit !== -1) {
      this.left = this.digits === 0 ? digit : this.left * 16 + digit;
      this.digits += 1;
      if (this.digits > 16 || this.left > MAX_LENGTH) {
        throw new MalformedResponse("a chunk's size is too large");
      }
      return;
    }
    if (this.digits === 0) throw new MalformedResponse("a chunk has no size");
    if (byte === CR) this.state = "size-end";
    else if (byte === SEMICOLON || byte === SPACE || byte === TAB) this.state = "extension";
    else throw new MalformedResponse("a chunk's size is not a number");
  }

  /** Passes over text that nobody needs, up to its CR. */
  private skip(byte: number, after: "size-end" | "trailer-end"): void {
    if (byte === CR) {
      this.state = after;
      return;
    }
    this.skipped += 1;
    if (this.skipped > MAX_HEAD) throw new MalformedResponse("its trailers are too long");
    if (byte < SPACE && byte !== TAB) throw new MalformedResponse("a control character");
    if (this.state === "trailer-start") this.state = "trailer";
  }

  private expect(byte: number, wanted: number, next: State): void {
    if (byte !== wanted) throw new MalformedResponse("a line does not end as it should");
    this.state = next;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
