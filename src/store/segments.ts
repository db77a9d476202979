import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { LogPosition } from "../core/log-position.ts";

/** The files of an append log, named by growing numbers: which there are, and what lies where in them. */
export class Segments {
  private readonly folder: string;
  private readonly suffix: string;

  constructor(folder: string, suffix: string) {
    this.folder = folder;
    this.suffix = suffix;
  }

  pathOf(segment: string): string {
    return join(this.folder, segment);
  }

  /** The name after all others, also after those of an older kind of log in the same folder. */
  next(): string {
    const numbered = readdirSync(this.folder).filter((name) => /^\d{10}\./.test(name));
    const last = numbered.toSorted().at(-1);
    const number = last === undefined ? 0 : Number.parseInt(last, 10) + 1;
    return `${String(number).padStart(10, "0")}${this.suffix}`;
  }

  /** Where to read on after this position, the oldest first. */
  *after(from: LogPosition | undefined): Generator<LogPosition> {
    for (const segment of this.names()) {
      if (from && segment < from.segment) continue;
      yield { segment, offset: from?.segment === segment ? from.offset : 0 };
    }
  }

  /** Removes those that lie wholly before this position, except the one being written. */
  forget(before: LogPosition, current: string): void {
    for (const segment of this.names()) {
      if (segment < before.segment && segment !== current) rmSync(this.pathOf(segment));
    }
  }

  /** Bytes that stand after this position. */
  backlog(from: LogPosition | undefined): number {
    let bytes = 0;
    for (const { segment, offset } of this.after(from)) {
      bytes += statSync(this.pathOf(segment)).size - offset;
    }
    return bytes;
  }

  private names(): string[] {
    return readdirSync(this.folder)
      .filter((name) => name.endsWith(this.suffix))
      .toSorted();
  }
}
