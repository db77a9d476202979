import type { Overload } from "../../config/listener.ts";
import { type Caller, PRIORITIES, type Priority } from "../../core/call.ts";
import type { ErrorCode, WeirError } from "../../core/errors.ts";
import type { AccessLog } from "../access-log.ts";
import type { Inbound } from "./exchange.ts";
import { type Load, type ShedReason, overloaded, whyShed } from "./overload.ts";

export interface TrafficNeeds {
  readonly limits: () => Overload;
  readonly sample: () => Pick<Load, "heapShare" | "lagMs">;
  readonly accessLog: AccessLog;
}

/** Work that can be ended because of something that is not its client's doing. */
export interface Breakable {
  breakOff(error: WeirError): void;
}

/**
 * All requests that the fast lane has taken and not answered to their end: counted, turned away
 * where they are too many, noted in the access log, and broken off when the server must go.
 */
export interface Traffic {
  enter(exchange: Inbound, traceId: string): Visit;
  /** Ends what still runs; its clients are told why. */
  breakOff(error: WeirError): void;
  readonly load: Load;
  /** Requests turned away so far. */
  readonly shed: ReadonlyMap<ShedReason, number>;
  /** Whether a call of normal priority would be turned away now. */
  readonly isOverloaded: boolean;
}

/** One request from its head to the last byte of its answer. */
export interface Visit {
  /** Throws overloaded. `wish` is the priority that the request asks for. */
  admit(caller: Caller, wish?: Priority): void;
  /** Hears of body bytes that nobody announced; gives what refuses them. */
  readonly grew: (bytes: number) => WeirError | undefined;
  /** What runs for it. */
  runs(call: Breakable): void;
  rejected(code: ErrorCode): void;
}

export function createTraffic(needs: TrafficNeeds): Traffic {
  const shed = new Map<ShedReason, number>();
  const running = new Set<Breakable>();
  const { accessLog } = needs;
  let calls = 0;
  let bodyBytes = 0;

  const loadNow = (): Load => ({ ...needs.sample(), calls, bodyBytes });

  function refusal(priority: Priority, bytes: number): WeirError | undefined {
    const reason = whyShed(loadNow(), needs.limits(), priority, bytes);
    if (!reason) return undefined;
    shed.set(reason, (shed.get(reason) ?? 0) + 1);
    return overloaded(reason);
  }

  return {
    enter(exchange, traceId) {
      let held = 0;
      let isAdmitted = false;
      let call: Breakable | undefined;
      let caller: Caller | undefined;
      const entry = accessLog.open(exchange, traceId);
      exchange.onOver(() => {
        if (isAdmitted) calls -= 1;
        bodyBytes -= held;
        if (call) running.delete(call);
        entry?.close(caller);
      });
      return {
        admit(known, wish) {
          caller = known;
          // What this server asks itself can wait.
          const most = exchange.caller ? "low" : (known.priority ?? "normal");
          const priority = wish && rankOf(wish) > rankOf(most) ? wish : most;
          const bytes = exchange.announcedBytes ?? 0;
          const error = refusal(priority, bytes);
          if (error) throw error;
          isAdmitted = true;
          calls += 1;
          held = bytes;
          bodyBytes += bytes;
        },
        grew(bytes) {
          held += bytes;
          bodyBytes += bytes;
          const most = needs.limits().maxBodyMiBInFlight * 1024 * 1024;
          if (bodyBytes <= most || bodyBytes === held) return undefined;
          shed.set("bodies", (shed.get("bodies") ?? 0) + 1);
          return overloaded("bodies");
        },
        runs(started) {
          if (exchange.isOver) return;
          call = started;
          running.add(started);
        },
        rejected: (code) => entry?.failed(code),
      };
    },
    breakOff(error) {
      for (const call of running) call.breakOff(error);
    },
    get load() {
      return loadNow();
    },
    shed,
    get isOverloaded() {
      return whyShed(loadNow(), needs.limits(), "normal", 0) !== undefined;
    },
  };
}

function rankOf(priority: Priority): number {
  return PRIORITIES.indexOf(priority);
}
