import {
  closeSync,
  fdatasyncSync,
  ftruncateSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  writevSync,
} from "node:fs";
import { crc32 } from "node:zlib";
import type { LogPosition } from "../core/log-position.ts";
import { Segments } from "./segments.ts";

/** What was appended together: its kind is the writer's own word for it. */
export interface LogRecord {
  readonly kind: number;
  readonly body: Buffer;
  /** Where it begins, and where the next one does. */
  readonly at: LogPosition;
  readonly next: LogPosition;
}

const SEGMENT_BYTES = 32 * 1024 * 1024;
const READ_BYTES = 1024 * 1024;
/** Length of the body, its checksum, its kind. */
const HEAD_BYTES = 9;

/**
 * Records of any bytes, appended to segment files. What `append` returned from is with the kernel: it
 * survives the death of this process; after `sync` it survives that of the machine. A record that was
 * cut by a crash, or spoilt on the disk, ends what is read of its segment.
 */
export class RecordLog {
  private readonly segments: Segments;
  private fd: number | undefined;
  private segment = "";
  private size = 0;
  private isDirty = false;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.segments = new Segments(folder, ".rec");
  }

  /** Throws what the disk says; nothing half stays. Gives where the record begins and ends. */
  append(kind: number, pieces: readonly Uint8Array[]): { at: LogPosition; next: LogPosition } {
    const fd = this.writable();
    const at = { segment: this.segment, offset: this.size };
    const head = headOf(kind, pieces);
    try {
      this.size += writeAll(fd, [head, ...pieces]);
    } catch (cause) {
      ftruncateSync(fd, at.offset);
      throw cause;
    }
    this.isDirty = true;
    return { at, next: { segment: this.segment, offset: this.size } };
  }

  /** Brings what was appended to the disk itself. */
  sync(): void {
    if (this.fd === undefined || !this.isDirty) return;
    fdatasyncSync(this.fd);
    this.isDirty = false;
  }

  /** The records after `from`, about `READ_BYTES` of them; none where there are no more. */
  read(from: LogPosition | undefined): LogRecord[] {
    for (const place of this.segments.after(from)) {
      const records = readSegment(this.segments.pathOf(place.segment), place);
      if (records.length > 0) return records;
    }
    return [];
  }

  /** Removes the segments that lie wholly before this position, except the one being written. */
  forget(before: LogPosition): void {
    this.segments.forget(before, this.segment);
  }

  /** What comes next begins a new segment: the one before can then be forgotten as a whole. */
  rotate(): void {
    if (this.isDirty) this.sync();
    this.close();
    this.segment = "";
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
    if (this.isDirty) this.sync();
    this.close();
    this.segment = this.segments.next();
    // A new file for each start: a record that a crash cut stays at the end of the old one, unread.
    this.fd = openSync(this.segments.pathOf(this.segment), "a", 0o600);
    this.size = fstatSync(this.fd).size;
    return this.fd;
  }
}

function headOf(kind: number, pieces: readonly Uint8Array[]): Buffer {
  let length = 0;
  let sum = 0;
  for (const piece of pieces) {
    length += piece.length;
    sum = crc32(piece, sum);
  }
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  head.writeUInt32LE(length, 0);
  head.writeUInt32LE(sum, 4);
  head.writeUInt8(kind, 8);
  return head;
}

function writeAll(fd: number, pieces: readonly Uint8Array[]): number {
  let rest = pieces.filter(({ length }) => length > 0);
  let total = 0;
  while (rest.length > 0) {
    let written = writevSync(fd, rest);
    total += written;
    rest = rest.flatMap((piece) => {
      const taken = Math.min(written, piece.length);
      written -= taken;
      return taken < piece.length ? [piece.subarray(taken)] : [];
    });
  }
  return total;
}

function readSegment(path: string, from: LogPosition): LogRecord[] {
  const fd = openSync(path, "r");
  try {
    const left = fstatSync(fd).size - from.offset;
    if (left < HEAD_BYTES) return [];
    const first = readBytes(fd, from.offset, Math.min(left, READ_BYTES));
    const needed = HEAD_BYTES + first.readUInt32LE(0);
    if (needed > left) return [];
    // One that is longer than a read: it comes alone.
    const bytes = needed > first.length ? readBytes(fd, from.offset, needed) : first;
    return splitRecords(bytes, from);
  } finally {
    closeSync(fd);
  }
}

function readBytes(fd: number, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  return bytes.subarray(0, readSync(fd, bytes, 0, length, offset));
}

function splitRecords(bytes: Buffer, from: LogPosition): LogRecord[] {
  const records: LogRecord[] = [];
  let start = 0;
  while (start + HEAD_BYTES <= bytes.length) {
    const end = start + HEAD_BYTES + bytes.readUInt32LE(start);
    if (end > bytes.length) break;
    const body = bytes.subarray(start + HEAD_BYTES, end);
    if (crc32(body) !== bytes.readUInt32LE(start + 4)) break;
    records.push({
      kind: bytes.readUInt8(start + 8),
      body,
      at: { segment: from.segment, offset: from.offset + start },
      next: { segment: from.segment, offset: from.offset + end },
    });
    start = end;
  }
  return records;
}
