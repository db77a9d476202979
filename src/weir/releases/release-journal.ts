import { AppendLog } from "../../store/append-log.ts";
import type { Entry, News } from "../../ship/rollout/journal.ts";

/** While the disk takes nothing, so many entries are held. */
const MOST_HELD = 20_000;

/**
 * The journal of one rollout on disk. What was written survives the death of this process. While the disk
 * takes nothing, what was seen is held, and a rollback counts at once; but nothing gets more traffic on the
 * strength of what is not written down.
 */
export class ReleaseJournal {
  private readonly log: AppendLog;
  private readonly now: () => number;
  private readonly troubled: (cause: unknown) => void;
  private held: string[] = [];

  constructor(folder: string, now: () => number, troubled: (cause: unknown) => void) {
    this.log = new AppendLog(folder);
    this.now = now;
    this.troubled = troubled;
  }

  /** Everything that was written, in order. */
  *entries(): Generator<Entry> {
    for (const line of this.log.lines()) yield JSON.parse(line) as Entry; // our own file
  }

  /** Throws what the disk says where the entry would expose more, or where too much is held. */
  write(news: News): Entry {
    const entry = { at: this.now(), ...news } as Entry; // all of one of its kinds
    const isStuck = this.held.length > 0;
    this.held.push(`${JSON.stringify(entry)}\n`);
    const mayWait = !exposesMore(entry) && this.held.length <= MOST_HELD;
    // A disk that took nothing a moment ago is asked again by whoever flushes.
    if (isStuck && mayWait) return entry;
    try {
      this.flush();
    } catch (cause) {
      if (!mayWait) {
        this.held.pop();
        throw cause;
      }
      this.troubled(cause);
    }
    return entry;
  }

  /** Writes what is held. */
  flush(): void {
    if (this.held.length === 0) return;
    this.log.append(this.held.join(""));
    this.held = [];
  }

  close(): void {
    try {
      this.flush();
    } catch (cause) {
      this.troubled(cause);
    }
    this.log.close();
  }
}

function exposesMore(entry: Entry): boolean {
  return entry.kind === "phase" && (entry.phase === "running" || entry.phase === "promoted");
}
