import { type Rule, sizeOf } from "./rule.ts";
import { type RuleSettings, createRule } from "./rules.ts";
import { type Bounds, type Schedule, boundsAt } from "./schedule.ts";
import { type Signals, faultOf } from "./signals.ts";

/**
 * Decides how many replicas a model needs, once an interval. A policy keeps all of its state in itself,
 * starts nothing, and reads no clock: the same signals always give the same decisions.
 *
 * The interface is stable: fields may be added, but none changes its meaning.
 */
export interface Policy {
  readonly name: string;
  /** Call it once an interval, in their order. It never throws: signals that make no sense are held against. */
  decide(signals: Signals): Decision;
}

export interface Decision {
  /** How many there should be, starting ones included and draining ones not. Within the bounds, always. */
  readonly replicas: number;
  readonly kind: DecisionKind;
  /** One plain sentence for people, with its figures. */
  readonly why: string;
  /** What the decision was made of, by name: for dashboards and logs. */
  readonly numbers: Readonly<Record<string, number>>;
}

/**
 * `up`, `down`, `steady`: as the rule asks. `idle`: to nothing, nobody asks. `wake`: from nothing, somebody
 * does. `frozen`: it would be fewer, but may not be now. `silent`: nothing sane was measured, so what is
 * there stays. Bounds may change the number in all of them.
 */
export type DecisionKind = "up" | "down" | "steady" | "idle" | "wake" | "frozen" | "silent";

export interface PolicySettings extends Bounds {
  readonly rule: RuleSettings;
  /** Bounds that hold at certain times. */
  readonly schedule?: Schedule;
  /** With `min` 0: nothing came and nothing ran for so long, so nothing is kept. 15 minutes unless set. */
  readonly idleAfterMs?: number;
}

const IDLE_AFTER_MS = 15 * 60_000;

export function createPolicy(settings: PolicySettings): Policy {
  return new RulePolicy(settings, createRule(settings.rule));
}

/** What holds for every way of scaling: bounds, idle times, freezes, and silence. */
class RulePolicy implements Policy {
  readonly name: string;
  private readonly settings: PolicySettings;
  private readonly rule: Rule;
  private idleMs = 0;
  /** What was decided last: all that is known where nothing is measured. */
  private last: number | undefined;

  constructor(settings: PolicySettings, rule: Rule) {
    this.name = settings.rule.kind;
    this.settings = settings;
    this.rule = rule;
  }

  decide(signals: Signals): Decision {
    const bounds = boundsAt(this.settings, this.settings.schedule, signals.at);
    const trouble = troubleOf(signals);
    const decision =
      trouble === undefined ? this.measured(signals, bounds) : this.blind(trouble, signals, bounds);
    this.last = decision.replicas;
    return decision;
  }

  private blind(trouble: string, { replicas }: Signals, bounds: Bounds): Decision {
    const there = replicas.ready + replicas.starting;
    const stay = this.last ?? (Number.isFinite(there) ? there : bounds.min);
    const held = within(stay, bounds);
    const why = `Stay at ${counted(held)}: ${trouble}, so nothing is known of the load.`;
    return { replicas: held, kind: "silent", why, numbers: boundNumbers(bounds) };
  }

  private measured(signals: Signals, bounds: Bounds): Decision {
    const { replicas: asked, why, numbers } = this.rule.ask(signals);
    const size = sizeOf(signals);
    this.idleMs = isIdle(signals) ? this.idleMs + signals.elapsedMs : 0;
    const all = { ...numbers, ...boundNumbers(bounds), asked, idleSeconds: this.idleMs / 1000 };
    const make = (kind: DecisionKind, wanted: number, reason: string): Decision => {
      const given = within(wanted, bounds);
      const text = `${moveOf(size, given)}: ${reason}${boundNote(wanted, bounds)}.`;
      return { replicas: given, kind, why: text, numbers: all };
    };
    if (bounds.min === 0 && size === 0) {
      if (isIdle(signals)) return make("idle", 0, "nobody asks");
      return make("wake", Math.max(1, asked), wakeReason(signals));
    }
    if (bounds.min === 0 && this.isLongIdle && signals.frozen === undefined) {
      return make("idle", 0, `nothing came for ${seconds(this.idleMs)}`);
    }
    const wanted = Math.max(1, asked);
    if (within(wanted, bounds) < size && signals.frozen !== undefined && size <= bounds.max) {
      return make(
        "frozen",
        size,
        `${signals.frozen}; without that it would be ${wanted}, as ${why}`,
      );
    }
    return make(kindOf(within(wanted, bounds) - size), wanted, why);
  }

  private get isLongIdle(): boolean {
    return this.idleMs >= (this.settings.idleAfterMs ?? IDLE_AFTER_MS);
  }
}

function troubleOf(signals: Signals): string | undefined {
  if (signals.silent !== undefined) return `${signals.silent} gave no figures`;
  const fault = faultOf(signals);
  return fault === undefined ? undefined : `a figure makes no sense (${fault})`;
}

function isIdle({ arrived, waiting, running }: Signals): boolean {
  return arrived.requests === 0 && waiting.requests === 0 && running === 0;
}

function wakeReason({ arrived, waiting }: Signals): string {
  const calls = Math.max(arrived.requests, waiting.requests);
  return calls === 1 ? "a call came" : `${calls} calls came`;
}

function kindOf(change: number): DecisionKind {
  if (change === 0) return "steady";
  return change > 0 ? "up" : "down";
}

function within(replicas: number, { min, max }: Bounds): number {
  return Math.min(Math.max(replicas, min), Math.max(min, max));
}

function boundNumbers({ min, max }: Bounds): Record<string, number> {
  return { min, max };
}

function boundNote(wanted: number, { min, max }: Bounds): string {
  if (wanted > max) return `; it would be ${wanted}, but ${max} are the most`;
  return wanted < min ? `; it would be ${wanted}, but ${min} are the least` : "";
}

function moveOf(from: number, to: number): string {
  if (from === to) return `Stay at ${counted(to)}`;
  return `${to > from ? "Up" : "Down"} from ${from} to ${counted(to)}`;
}

function counted(replicas: number): string {
  return replicas === 1 ? "1 replica" : `${replicas} replicas`;
}

function seconds(ms: number): string {
  return ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`;
}
