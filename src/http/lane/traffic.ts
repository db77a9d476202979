import type { Overload } from "../../config/listener.ts";
import { type Caller, PRIORITIES, type Priority } from "../../core/call.ts";
import type { ErrorCode, WeirError } from "../../core/errors.ts";
import { LiveList, type Placed } from "../../core/live-list.ts";
import type { AccessEntry, AccessLog } from "../access-log.ts";
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
  readonly shed: Map<ShedReason, number>;
  /** Whether a call of normal priority would be turned away now. */
  readonly isOverloaded: boolean;
}

/** One request from its head to the last byte of its answer. */
export interface Visit {
  /** Throws overloaded. `wish` is the priority that the request asks for. */
  admit(caller: Caller, wish?: Priority): void;
  /** Hears of body bytes that nobody announced; gives what refuses them. */
  readonly grew: (bytes: number) => WeirError | undefined;
  /** What is to be done when it is over. One only. */
  after(run: (() => void) | undefined): void;
  /** What runs for it. */
  runs(call: Breakable): void;
  rejected(code: ErrorCode): void;
}

export function createTraffic(needs: TrafficNeeds): Traffic {
  const house: House = { needs, shed: new Map(), running: new LiveList(), calls: 0, bodyBytes: 0 };
  return {
    enter: (exchange, traceId) => new OpenVisit(house, exchange, traceId),
    breakOff(error) {
      for (const visit of house.running.all()) visit.breakOff(error);
    },
    get load() {
      return loadOf(house);
    },
    shed: house.shed,
    get isOverloaded() {
      return whyShed(loadOf(house), needs.limits(), "normal", 0) !== undefined;
    },
  };
}

/** What all visits share. */
interface House {
  readonly needs: TrafficNeeds;
  readonly shed: Map<ShedReason, number>;
  readonly running: LiveList<OpenVisit>;
  calls: number;
  bodyBytes: number;
}

function loadOf({ needs, calls, bodyBytes }: House): Load {
  const { heapShare, lagMs } = needs.sample();
  return { calls, bodyBytes, heapShare, lagMs };
}

class OpenVisit implements Visit, Placed {
  place = -1;
  private readonly house: House;
  private readonly exchange: Inbound;
  private readonly entry: AccessEntry | undefined;
  private caller: Caller | undefined;
  private call: Breakable | undefined;
  private last: (() => void) | undefined;
  private isAdmitted = false;
  /** Bytes of its body that are counted. */
  private held = 0;

  constructor(house: House, exchange: Inbound, traceId: string) {
    this.house = house;
    this.exchange = exchange;
    this.entry = house.needs.accessLog.open(exchange, traceId);
    exchange.onOver(() => this.over());
  }

  admit(caller: Caller, wish?: Priority): void {
    const { house, exchange } = this;
    this.caller = caller;
    // What this server asks itself can wait.
    const most = exchange.caller ? "low" : (caller.priority ?? "normal");
    const priority = wish && rankOf(wish) > rankOf(most) ? wish : most;
    const bytes = exchange.announcedBytes ?? 0;
    const reason = whyShed(loadOf(house), house.needs.limits(), priority, bytes);
    if (reason) throw this.refused(reason);
    this.isAdmitted = true;
    house.calls += 1;
    this.hold(bytes);
  }

  readonly grew = (bytes: number): WeirError | undefined => {
    this.hold(bytes);
    const { bodyBytes, needs } = this.house;
    const most = needs.limits().maxBodyMiBInFlight * 1024 * 1024;
    const isAlone = bodyBytes === this.held;
    return bodyBytes <= most || isAlone ? undefined : this.refused("bodies");
  };

  after(run: (() => void) | undefined): void {
    if (this.exchange.isOver) run?.();
    else this.last = run;
  }

  runs(call: Breakable): void {
    if (this.exchange.isOver) return;
    this.call = call;
    this.house.running.add(this);
  }

  breakOff(error: WeirError): void {
    this.call?.breakOff(error);
  }

  rejected(code: ErrorCode): void {
    this.entry?.failed(code);
  }

  private hold(bytes: number): void {
    this.held += bytes;
    this.house.bodyBytes += bytes;
  }

  private refused(reason: ShedReason): WeirError {
    const { shed } = this.house;
    shed.set(reason, (shed.get(reason) ?? 0) + 1);
    return overloaded(reason);
  }

  private over(): void {
    const { house } = this;
    if (this.isAdmitted) house.calls -= 1;
    house.bodyBytes -= this.held;
    house.running.remove(this);
    this.entry?.close(this.caller);
    this.last?.();
  }
}

function rankOf(priority: Priority): number {
  return PRIORITIES.indexOf(priority);
}
