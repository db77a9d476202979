import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import type { LogPosition } from "../core/log-position.ts";
import { Segments } from "./segments.ts";

export interface LogChunk {
  /** Whole lines, without their ends. */
  readonly lines: string[];
  readonly next: LogPosition;
}

const SEGMENT_BYTES = 16 * 1024 * 1024;
const READ_BYTES = 256 * 1024;

/**
 * Lines appended to segment files. What `append` returned from is with the kernel: it survives the
 * death of this process. A line that was cut by a crash is left out when read, and cut off before
 * the next one is written.
 */
export class AppendLog {
  private readonly segments: Segments;
  private fd: number | undefined;
  private segment = "";
  private size = 0;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.segments = new Segments(folder, ".jsonl");
  }

  /** Appends whole lines (each ends in a newline). Throws what the disk says; nothing half stays. */
  append(lines: string | Uint8Array): void {
    const fd = this.writable();
    const bytes = typeof lines === "string" ? Buffer.from(lines) : lines;
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(fd, bytes, written);
      this.size += bytes.length;
    } catch (cause) {
      ftruncateSync(fd, this.size);
      throw cause;
    }
  }

  /** The next lines after `from`, about `READ_BYTES` of them; undefined when there are none. */
  read(from: LogPosition | undefined): LogChunk | undefined {
    for (const place of this.segments.after(from)) {
      const chunk = this.readSegment(place);
      if (chunk) return chunk;
    }
    return undefined;
  }

  /** Removes the segments that lie wholly before this position, except the one being written. */
  forget(before: LogPosition): void {
    this.segments.forget(before, this.segment);
  }

  /**
   * Writes these lines, which stand for all before them, to a segment of their own and removes the
   * others. When it throws, the others are still there.
   */
  renew(lines: string): void {
    this.close();
    this.append(lines);
    this.forget({ segment: this.segment, offset: 0 });
  }

  /** Every whole line, the oldest first. */
  *lines(): Generator<string> {
    let chunk = this.read(undefined);
    while (chunk) {
      yield* chunk.lines;
      chunk = this.read(chunk.next);
    }
  }

  /** Bytes that stand in the log after this position. */
  backlog(from: LogPosition | undefined): number {
    return this.segments.backlog(from);
  }

  close(): void {
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
  }

  private writable(): number {
    if (this.fd !== undefined && this.size < SEGMENT_BYTES) return this.fd;
    this.close();
    this.segment = this.segments.next();
    // A new file for each start: a line that a crash cut stays at the end of the old one, unread.
    this.fd = openSync(this.segments.pathOf(this.segment), "a", 0o600);
    this.size = fstatSync(this.fd).size;
    return this.fd;
  }

  private readSegment(from: LogPosition): LogChunk | undefined {
    const path = this.segments.pathOf(from.segment);
    if (!existsSync(path)) return undefined;
    const fd = openSync(path, "r");
    try {
      const left = fstatSync(fd).size - from.offset;
      return (
        readLines(fd, from, Math.min(READ_BYTES, left)) ??
        // A line longer than one read: take all there is.
        (left > READ_BYTES ? readLines(fd, from, left) : undefined)
      );
    } finally {
      closeSync(fd);
    }
  }
}

function readLines(fd: number, from: LogPosition, bytes: number): LogChunk | undefined {
  const buffer = Buffer.alloc(Math.max(0, bytes));
  const read = readSync(fd, buffer, 0, buffer.length, from.offset);
  const end = buffer.subarray(0, read).lastIndexOf(0x0a);
  if (end === -1) return undefined;
  const lines = buffer.toString("utf8", 0, end).split("\n");
  return { lines, next: { segment: from.segment, offset: from.offset + end + 1 } };
}
