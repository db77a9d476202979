import { Routing } from "../../src/config/routing.ts";
import type { CompletionRequest } from "../../src/core/chat.ts";
import { WeirError } from "../../src/core/errors.ts";
import type { Provider } from "../../src/serve/provider.ts";
import type { RoutedModel, Target } from "../../src/serve/gateway/needs.ts";
import type { Route } from "../../src/serve/gateway/routing/route.ts";
import { createRouter, type Router } from "../../src/serve/gateway/routing/router.ts";
import type { Ticket } from "../../src/serve/gateway/routing/ticket.ts";
import { idealPrefillMs, Replica } from "./replica.ts";
import { Timeline } from "./timeline.ts";

/**
 * Calls at their times, through the real router, to simulated replicas: the same calls and settings
 * give the same figures on every machine.
 */

export interface Call {
  readonly atMs: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** The names of its prompt's full blocks. */
  readonly blocks: readonly number[];
}

/** A replica that is gone for a while: what runs there fails, what comes is refused. */
export interface Outage {
  readonly replica: number;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Setting {
  readonly calls: readonly Call[];
  readonly replicas: number;
  /** As it would stand in weir.yaml. */
  readonly routing: unknown;
  /** The most calls at the same time at each replica, and no pacing, as for a hosted vendor. */
  readonly concurrency?: number;
  readonly outages?: readonly Outage[];
  /** Hears of each call that was handed on, and of the calls that ran at each replica before it. */
  readonly handed?: (replica: number, inFlight: readonly number[]) => void;
}

export interface Outcome {
  readonly calls: number;
  /** Calls with a first token and an end. */
  readonly answered: number;
  /** Answered as fast as was promised. */
  readonly inTime: number;
  /** Calls that the router gave an error. */
  readonly refused: number;
  /** Calls that broke after their first token. */
  readonly broken: number;
  /** In order, the shortest first. */
  readonly firstTokenMs: readonly number[];
  readonly promptTokens: number;
  readonly savedTokens: number;
  /** Calls handed to each replica. */
  readonly handed: readonly number[];
  /** What the router still counts as running or waiting to be read, after the end. */
  readonly left: number;
}

/** The promise: a first token in time, and then one every so often. */
const FIRST_TOKEN_MS = 2_000;
const FIRST_TOKEN_IDEALS = 3;
const TOKEN_MS = 100;
/** As many characters as the router hashes at a time. */
const BLOCK_CHARS = 256;
const PLAIN = { sampling: {}, stop: [], n: 1, stream: true };

export function simulate(setting: Setting): Outcome {
  return new Simulation(setting).run();
}

class Simulation {
  private readonly setting: Setting;
  private readonly timeline = new Timeline();
  private readonly replicas: Replica[];
  private readonly targets: Target[];
  private readonly router: Router;
  private readonly model: RoutedModel;
  private readonly handed: number[];
  private readonly firstTokenMs: number[] = [];
  private counts = { answered: 0, inTime: 0, refused: 0, broken: 0 };

  constructor(setting: Setting) {
    this.setting = setting;
    const places = Array.from({ length: setting.replicas }, (_, place) => place);
    this.replicas = places.map(() => new Replica(this.timeline));
    this.handed = places.map(() => 0);
    this.targets = places.map((place) => targetOf(place, setting.concurrency));
    const { later } = this.timeline;
    const random = seeded(1);
    this.router = createRouter({ now: () => this.timeline.now, random, later });
    const routing = Routing.parse(setting.routing);
    this.model = { name: "chat", targets: this.targets, routing, volatileLines: [] };
  }

  run(): Outcome {
    const { calls, outages = [] } = this.setting;
    calls.forEach((call, place) => this.timeline.later(call.atMs, () => this.open(call, place)));
    for (const { replica, fromMs, toMs } of outages) {
      this.timeline.later(fromMs, () => this.replicas[replica]?.break());
      this.timeline.later(toMs, () => this.replicas[replica]?.comeBack());
    }
    this.timeline.runAll();
    return {
      calls: calls.length,
      ...this.counts,
      firstTokenMs: this.firstTokenMs.toSorted((a, b) => a - b),
      promptTokens: sum(calls.map(({ inputTokens }) => inputTokens)),
      savedTokens: sum(this.replicas.map(({ savedTokens }) => savedTokens)),
      handed: this.handed,
      left: sum(this.targets.map((target) => loadOf(this.router, target))),
    };
  }

  private open(call: Call, place: number): void {
    const route = this.router.open({
      model: this.model,
      request: requestOf(call, place),
      promptTokens: call.inputTokens,
      isWhole: false,
      priority: "normal",
      flow: "one",
      keyId: "key",
    });
    this.next(route, call);
  }

  private next(route: Route, call: Call, error?: WeirError): void {
    const go = (ticket: Ticket) => this.hand(ticket, route, call);
    const none = () => void (this.counts.refused += 1);
    route.next({ go, none }, error);
  }

  private hand(ticket: Ticket, route: Route, call: Call): void {
    const place = this.targets.indexOf(ticket.target);
    const replica = this.replicas[place];
    if (!replica) throw new Error("the router made up a target");
    this.handed[place] = (this.handed[place] ?? 0) + 1;
    this.setting.handed?.(
      place,
      this.targets.map((target, at) => this.router.stateOf(target).inFlight - Number(at === place)),
    );
    let firstAt: number | undefined;
    replica.submit({
      ...call,
      firstToken: () => {
        firstAt = this.timeline.now;
        this.firstTokenMs.push(firstAt - call.atMs);
        ticket.firstContent();
      },
      ended: () => {
        ticket.ended({ how: "answered", outputTokens: call.outputTokens });
        this.counts.answered += 1;
        if (isInTime(call, firstAt ?? this.timeline.now, this.timeline.now)) {
          this.counts.inTime += 1;
        }
      },
      failed: () => {
        const error = new WeirError("provider_failed", "The replica is gone.");
        ticket.ended({ how: "failed", error });
        if (firstAt === undefined) this.next(route, call, error);
        else this.counts.broken += 1;
      },
    });
  }
}

function targetOf(place: number, concurrency: number | undefined): Target {
  const id = `replica-${place + 1}`;
  return {
    id,
    provider: { name: id } as unknown as Provider, // routing looks at who it is, and no further
    model: "chat",
    weight: 1,
    fallback: false,
    price: undefined,
    tags: [],
    concurrency,
    isPaced: concurrency === undefined,
    continues: false,
    keepsClientLines: false,
  };
}

/**
 * A text that begins as another one does where their first blocks are the same. One block of the
 * trace (512 tokens) is one of the router's (256 characters): real text has about eight of those.
 */
function requestOf({ blocks }: Call, place: number): CompletionRequest {
  const rest = `prompt ${place}`.padEnd(BLOCK_CHARS, ".");
  const text = blocks.map((block) => `block ${block}`.padEnd(BLOCK_CHARS, "."));
  const prompt = text.join("") + rest;
  return { kind: "completion", model: "chat", prompt, echo: false, ...PLAIN };
}

function isInTime({ atMs, inputTokens, outputTokens }: Call, firstAt: number, endAt: number) {
  const longestMs = Math.max(FIRST_TOKEN_MS, FIRST_TOKEN_IDEALS * idealPrefillMs(inputTokens));
  const tokenMs = (endAt - firstAt) / Math.max(1, outputTokens - 1);
  return firstAt - atMs <= longestMs && tokenMs <= TOKEN_MS;
}

function loadOf(router: Router, target: Target): number {
  const { inFlight, waitingTokens } = router.stateOf(target);
  return inFlight + waitingTokens.small + waitingTokens.large;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Mulberry32: the same draws for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
