/** Reads a stream while it is written. */
export interface Follower {
  write(text: string): void;
  /** Nothing follows. */
  end(): void;
}

const MAX_CHARS = 2 * 1024 * 1024;

/**
 * The latest events of one stream, for clients that come back for them. Beyond two million characters
 * the oldest are forgotten: such a client goes on from the first one there is, and the last event
 * holds the whole answer.
 */
export class EventRing {
  private readonly chunks: { readonly last: number; readonly text: string }[] = [];
  private readonly followers = new Set<Follower>();
  private chars = 0;
  private hasEnded = false;

  /** Adds events, of which the last has this number. */
  push(text: string, last: number): void {
    if (text === "") return;
    this.chunks.push({ last, text });
    this.chars += text.length;
    while (this.chars > MAX_CHARS && this.chunks.length > 1) {
      this.chars -= this.chunks.shift()?.text.length ?? 0;
    }
    for (const follower of this.followers) follower.write(text);
  }

  end(): void {
    this.hasEnded = true;
    for (const follower of this.followers) follower.end();
    this.followers.clear();
  }

  /** Gives what comes after the event with this number, now and later. Gives the way to stop. */
  follow(after: number, follower: Follower): () => void {
    const past = this.chunks.map((chunk) => laterThan(chunk, after)).join("");
    if (past !== "") follower.write(past);
    if (this.hasEnded) follower.end();
    else this.followers.add(follower);
    return () => void this.followers.delete(follower);
  }
}

function laterThan({ last, text }: { last: number; text: string }, after: number): string {
  if (last <= after) return "";
  const events = text.split(/(?<=\n\n)/);
  const first = last - events.length + 1;
  return events.slice(Math.max(0, after + 1 - first)).join("");
}
