import type { WeirError } from "../../../core/errors.ts";
import type { Target } from "../needs.ts";
import type { Demand } from "./demand.ts";

/** A model whose replicas come and go, as a call's way through it sees it. */
export interface Elastic {
  /** Hears what calls ask for. */
  readonly demand: Demand;
  /** Replicas beside the target that `targets` names: another list after each change. */
  readonly further: readonly Target[];
  /** No replica is there: calls are held until one is. */
  readonly isAsleep: boolean;
  /** Holds a call until then, or until its time is over. Returns what takes it back. */
  hold(call: HeldCall): () => void;
}

/** One of these is called, once, and never from inside `hold`. */
export interface HeldCall {
  awake(): void;
  refuse(error: WeirError): void;
}
