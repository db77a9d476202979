/** What the server and its trace threads say to each other. */
import type { KeeperFigures } from "./keeper.ts";
import type { ErrorCode } from "../../core/errors.ts";
import type { OwnPrice } from "../../config/prices.ts";
import type { Capture } from "../../config/traces.ts";

/** Where traces are kept, and how: what both threads are started with. */
export interface TraceThreadData {
  readonly folder: string;
  readonly settings: TraceSettings;
  readonly keys: readonly { readonly name: string; readonly key: Uint8Array }[];
  /** Absent: SQLite in the folder. */
  readonly store?: SharedStore;
}

/** A database that several replicas may share. */
export type SharedStore =
  | { readonly kind: "postgres"; readonly url: string }
  | {
      readonly kind: "clickhouse";
      readonly url: string;
      readonly database: string;
      readonly user: string | undefined;
      readonly password: string | undefined;
    };

export interface TraceSettings {
  readonly keepMs: number;
  readonly maxBytes: number | undefined;
  readonly capture: Capture;
  readonly routes: Readonly<Record<string, Capture>>;
  readonly maxBodyBytes: number;
  readonly maxBacklogBytes: number;
  readonly isSynced: boolean;
  readonly prices: readonly OwnPrice[];
}

export type ToThread =
  | {
      readonly type: "calls";
      readonly ask: number;
      readonly lines: Uint8Array;
      readonly count: number;
    }
  | {
      readonly type: "ask";
      readonly ask: number;
      readonly method: string;
      readonly args: readonly unknown[];
    }
  | { readonly type: "settings"; readonly settings: TraceSettings }
  | { readonly type: "close" };

export type FromThread =
  | { readonly type: "answer"; readonly ask: number; readonly value: unknown }
  | { readonly type: "refused"; readonly ask: number; readonly error: ThreadError }
  | { readonly type: "trouble"; readonly message: string }
  | { readonly type: "figures"; readonly figures: KeeperFigures & { readonly usedBytes: number } }
  | { readonly type: "closed" };

/** An error on its way between threads, which would lose its class. */
export interface ThreadError {
  readonly message: string;
  readonly code?: ErrorCode;
  readonly param?: string;
  readonly status?: number;
  readonly retryAfterMs?: number;
}
