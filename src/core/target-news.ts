/**
 * What the processes of one installation tell each other of their targets: workers by messages to
 * their primary, replicas by Redis. A target is named by its identity, a hash of what the configuration
 * says of the connection: the same in every process that reads the same file.
 *
 * Two things are told, because they are true for everybody:
 *
 * 1. **Decisions.** An operator took a target out, or in again. The later decision counts everywhere;
 *    whoever lacks it gets it, also a process or a replica that starts later.
 * 2. **Outages.** A breaker opened because of what was seen *there*. Whoever hears of a new outage
 *    treats its own breaker as opened for the rest of the pause, at most for a first one (it may be the
 *    other that is cut off), and then lets one call probe, as after an outage of its own. What it sees itself counts more: a success closes the breaker for good, however
 *    often the same outage is told again. When nobody tells of an outage any more, it is over.
 *    Hearsay is never passed on as if it had been seen: two processes would keep it alive for ever.
 *
 * Not told are load, latency and rests that an upstream asked for (`Retry-After`): each process finds
 * its way by its own. Nothing here may be waited for by a call: what was heard last is what counts,
 * and while nothing is heard every process goes by what it sees.
 */

/** An operator's word about a target. */
export interface Decision {
  readonly identity: string;
  readonly isDrained: boolean;
  /** Epoch milliseconds; always later than the decision that it replaces. */
  readonly at: number;
}

/** A breaker that is open by what was seen. */
export interface Outage {
  readonly identity: string;
  /** Tells this opening from every other one, of any process. */
  readonly opening: string;
  /** For how long it stays open; 0 when a call may probe. A span: clocks differ. */
  readonly forMs: number;
}
