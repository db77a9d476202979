import type { Priority } from "../../../core/call.ts";
import type { GenerateRequest } from "../../../core/chat.ts";
import type { CallWishes, RoutedModel } from "../needs.ts";

/** What a decision may look at of one call. */
export interface RouteAsk {
  readonly model: RoutedModel;
  /** Absent for what has no prompt. */
  readonly request?: GenerateRequest;
  /** About how long its prompt is. */
  readonly promptTokens: number;
  /** Nothing is heard of it before its end: an answer that is not streamed. */
  readonly isWhole: boolean;
  readonly wishes?: CallWishes | undefined;
  readonly priority: Priority;
  /** Whose calls take turns with others': the tenant, or the key. */
  readonly flow: string;
  readonly keyId: string;
  readonly user?: string | undefined;
}

/** Why an attempt is made. */
export type AttemptReason = "first" | "failover" | "retry" | "hedge" | "continuation";
