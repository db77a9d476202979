import type { Traces } from "../trace/traces.ts";
import type { Shelf } from "./shelf.ts";

/** What datasets, prompts, queues and the like are built on. */
export interface DataNeeds {
  readonly shelf: Shelf;
  readonly traces: Traces;
  readonly now: () => number;
  /** A new UUID. */
  readonly newId: () => string;
}
