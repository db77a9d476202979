import type { ChatEvent, Usage } from "../../../core/chat.ts";
import { WeirError } from "../../../core/errors.ts";
import type { Attempt, AttemptListener } from "../../provider.ts";

type State = "open" | "done" | "failed";

/**
 * One answer on its way, and the calls that asked for the same meanwhile: each gets all of it from
 * the start, at its own pace. The call that generates it tells it here.
 */
export class Flight {
  readonly stream: boolean;
  readonly events: ChatEvent[] = [];
  usage: Usage | undefined;
  private state: State = "open";
  private readonly followers = new Set<Follower>();

  constructor(stream: boolean) {
    this.stream = stream;
  }

  get hasFollowers(): boolean {
    return this.followers.size > 0;
  }

  took(events: readonly ChatEvent[]): void {
    for (const event of events) this.events.push(event);
    for (const follower of this.followers) follower.catchUp();
  }

  done(usage: Usage): void {
    this.usage = usage;
    this.end("done");
  }

  failed(): void {
    this.end("failed");
  }

  /** Tells the answer to one more call. Nothing is told from inside. */
  follow(listener: AttemptListener, translate: (events: ChatEvent[]) => ChatEvent[]): Attempt {
    const follower = new Follower(this, listener, translate);
    this.followers.add(follower);
    queueMicrotask(() => follower.catchUp());
    return {
      pause: () => follower.pause(),
      resume: () => follower.resume(),
      cancel: () => {
        follower.leave();
        this.followers.delete(follower);
      },
      usage: () => this.usage,
      isRelayed: true,
    };
  }

  get how(): State {
    return this.state;
  }

  private end(state: State): void {
    if (this.state !== "open") return;
    this.state = state;
    for (const follower of this.followers) follower.catchUp();
    this.followers.clear();
  }
}

/** One call that reads a flight. */
class Follower {
  private readonly flight: Flight;
  private readonly listener: AttemptListener;
  private readonly translate: (events: ChatEvent[]) => ChatEvent[];
  private next = 0;
  private isPaused = false;
  private isOver = false;

  constructor(
    flight: Flight,
    listener: AttemptListener,
    translate: (events: ChatEvent[]) => ChatEvent[],
  ) {
    this.flight = flight;
    this.listener = listener;
    this.translate = translate;
  }

  catchUp(): void {
    if (this.isPaused || this.isOver) return;
    const { events, how: state } = this.flight;
    if (this.next < events.length) {
      const fresh = this.translate(events.slice(this.next));
      this.next = events.length;
      if (fresh.length > 0) this.listener.events(fresh);
    }
    // The reader may have paused or left on what it was just told.
    if (this.isPaused || this.isOver || state === "open") return;
    this.isOver = true;
    if (state === "done") this.listener.done();
    else this.listener.failed(new WeirError("provider_failed", "The answer broke off."));
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.catchUp();
  }

  leave(): void {
    this.isOver = true;
  }
}
