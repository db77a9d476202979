import type { ReleaseRecord } from "../../core/call.ts";
import type { ChatEvent, GenerateRequest } from "../../core/chat.ts";
import type { CallContext, CopiedCall, Gate, RoutedModel } from "./needs.ts";
import type { Outcome } from "./record.ts";

/** Models whose next version takes traffic, as the gateway sees them. `weir/` hands in what fits. */
export interface Releases {
  /** The side of a call; undefined where nothing of its model is being released. */
  assign(model: RoutedModel, ask: ReleaseAsk): ReleasedCall | undefined;
}

export interface ReleaseAsk {
  readonly context: CallContext;
  /** As its client sent it. */
  readonly request: GenerateRequest;
}

/** One call as part of a release. */
export interface ReleasedCall {
  /** What answers it: the model as it is, or with its candidate's targets and words. */
  readonly model: RoutedModel;
  /** The candidate's own guard, where it has one. */
  readonly gate?: Gate | undefined;
  /** What the call's record keeps of it. */
  readonly record: ReleaseRecord;
  /** Targets are about to be asked: the candidate may get a copy. Never throws, never waits. */
  copy(call: CopiedCall): void;
  /** What leaves for the client. */
  saw(events: readonly ChatEvent[]): void;
  /** Called once, when the call is settled. */
  over(outcome: Outcome): void;
}
