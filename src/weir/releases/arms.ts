import type { ReleaseConfig } from "../../config/release.ts";
import type { FindingRecord } from "../../core/call.ts";
import type { Later } from "../../core/time.ts";
import { whenKnown } from "../../core/when-known.ts";
import type { CopiedCall, Gate, RoutedModel, Target } from "../../serve/gateway/needs.ts";
import type { Outcome } from "../../serve/gateway/record.ts";
import type { ReleaseAsk, ReleasedCall, Releases } from "../../serve/gateway/released.ts";
import { type CopyNeeds, copyCall } from "../../serve/gateway/shadow.ts";
import { reworded } from "../../serve/gateway/worded.ts";
import { AnswerWatch } from "../../ship/rollout/answer-watch.ts";
import { type Assigned, type Share, assign } from "../../ship/rollout/assign.ts";
import type { CallFacts } from "../../ship/rollout/marks.ts";
import { type Unit, Units } from "../../ship/rollout/units.ts";
import { factsOf, stoppedAtTheDoor } from "./call-facts.ts";

/** What was seen of a release's traffic in one process, for the one that judges it. */
export type Sighting =
  | { readonly model: string; readonly id: string; readonly unit: Unit }
  | {
      readonly model: string;
      readonly id: string;
      readonly stable: CallFacts;
      readonly candidate: CallFacts;
    };

/** A model's candidate, as it runs here. */
export interface Candidate {
  readonly model: RoutedModel;
  readonly gate?: Gate | undefined;
}

export interface ArmsNeeds extends Omit<CopyNeeds, "recorder"> {
  readonly candidate: (model: string) => Candidate | undefined;
  readonly release: (model: string) => ReleaseConfig | undefined;
  readonly random: () => number;
  readonly later: Later;
  readonly saw: (sighting: Sighting) => void;
}

const FLUSH_MS = 1000;
/** Copies of one model's calls at the same time. */
const MOST_COPIES = 4;

/**
 * The sides of a release, in the process that takes the calls: puts each call on one, as the shares say that
 * the judge has set, and tells what became of it. Where no release runs, it costs a look into a map.
 */
export class Arms {
  private readonly needs: ArmsNeeds;
  private readonly models = new Map<string, Armed>();
  private stop: (() => void) | undefined;

  constructor(needs: ArmsNeeds) {
    this.needs = needs;
  }

  /** The shares of all models that are being released, or were. */
  use(shares: Readonly<Record<string, Share>>): void {
    for (const name of this.models.keys()) if (!(name in shares)) this.models.delete(name);
    for (const [name, share] of Object.entries(shares)) this.useOne(name, share);
    const isJudging = [...this.models.values()].some(({ share }) => share.isJudged);
    if (isJudging && !this.stop) this.flushLater();
  }

  /** As the gateway asks for it; `recorder` takes the records of copies. */
  releases(recorder: CopyNeeds["recorder"]): Releases {
    const copies = { ...this.needs, recorder };
    return { assign: (model, ask) => this.assign(model, ask, copies) };
  }

  close(): void {
    this.stop?.();
    this.models.clear();
  }

  private useOne(name: string, share: Share): void {
    const known = this.models.get(name);
    if (known?.share.id === share.id) {
      known.share = share;
      return;
    }
    const release = this.needs.release(name);
    if (!release) return;
    const times = { sessionMs: release.session, giveUpMs: release.giveUp };
    const take = (unit: Unit) => this.needs.saw({ model: name, id: share.id, unit });
    this.models.set(name, { share, units: new Units(times, take), copies: 0 });
  }

  private flushLater(): void {
    this.stop = this.needs.later(FLUSH_MS, () => {
      const now = this.needs.monotonic();
      const judged = [...this.models.values()].filter(({ share }) => share.isJudged);
      for (const { units } of judged) units.flush(now);
      this.stop = undefined;
      if (judged.length > 0) this.flushLater();
    });
  }

  private assign(model: RoutedModel, ask: ReleaseAsk, copies: CopyNeeds): ReleasedCall | undefined {
    const armed = this.models.get(model.name);
    if (!armed) return undefined;
    const { share } = armed;
    const { wishes } = ask.context;
    // Who names a target has chosen already.
    if (wishes?.target !== undefined || wishes?.tags !== undefined) return undefined;
    if (share.candidate === 0 && !share.isJudged) return undefined;
    const candidate = this.needs.candidate(model.name);
    const release = this.needs.release(model.name);
    if (!candidate || !release) return undefined;
    const name = release.unit === "session" ? unitName(ask) : undefined;
    const assigned = assign(share, name, this.needs.random);
    const side = assigned.arm === "candidate" ? candidate : { model };
    return new Released(
      { side, assigned, armed, candidate, ask, stable: model },
      this.needs,
      copies,
    );
  }
}

interface Armed {
  share: Share;
  readonly units: Units;
  copies: number;
}

/** Whose calls stay together. */
function unitName({ context, request }: ReleaseAsk): string | undefined {
  const { caller, wishes } = context;
  if (wishes?.session !== undefined) return `${caller.keyId}\0${wishes.session}`;
  return request.user === undefined ? undefined : `${caller.keyId}\0user\0${request.user}`;
}

interface ReleasedFacts {
  readonly side: Candidate;
  readonly assigned: Assigned;
  readonly armed: Armed;
  readonly candidate: Candidate;
  readonly stable: RoutedModel;
  readonly ask: ReleaseAsk;
}

/** One call on its side. */
class Released implements ReleasedCall {
  readonly model: RoutedModel;
  readonly gate: Gate | undefined;
  readonly record;
  private readonly facts: ReleasedFacts;
  private readonly needs: ArmsNeeds;
  private readonly copies: CopyNeeds;
  private readonly watch: AnswerWatch | undefined;
  private readonly ended: ReturnType<Units["begin"]> | undefined;
  private pair: Pair | undefined;

  constructor(facts: ReleasedFacts, needs: ArmsNeeds, copies: CopyNeeds) {
    const { side, assigned, armed, ask } = facts;
    const { share, units } = armed;
    this.facts = facts;
    this.needs = needs;
    this.copies = copies;
    this.model = side.model;
    this.gate = side.gate;
    const arm = assigned.arm === "candidate" ? ("candidate" as const) : ("stable" as const);
    this.record = { id: share.id, arm, probability: share.candidate };
    if (!share.isJudged) return;
    this.watch = new AnswerWatch(ask.request);
    this.ended = units.begin(assigned, needs.monotonic());
  }

  saw(events: Parameters<ReleasedCall["saw"]>[0]): void {
    this.watch?.saw(events);
  }

  over(outcome: Outcome): void {
    if (!this.watch) return;
    const facts = factsOf(outcome, this.watch, ownOf(this.model));
    const { traceId } = this.facts.ask.context;
    this.ended?.(facts && { ...facts, id: traceId }, this.needs.monotonic());
    this.pair?.tell("stable", facts);
  }

  copy(call: CopiedCall): void {
    const { armed, candidate, stable, ask } = this.facts;
    const { share } = armed;
    const [target] = candidate.model.targets;
    if (!target || armed.copies >= MOST_COPIES || this.needs.random() >= share.shadow) return;
    armed.copies += 1;
    const { id } = share;
    const pair = (this.pair = new Pair((of, its) => {
      this.needs.saw({ model: stable.name, id, stable: of, candidate: its });
    }));
    const ended = (facts: CallFacts | null) => {
      armed.copies -= 1;
      pair.tell("candidate", facts);
    };
    const words = { from: stable.words, to: candidate.model.words };
    const request = reworded(call.request, ask.request, words);
    if (!candidate.gate) {
      this.send({ ...call, request }, target, { findings: [], ended });
      return;
    }
    const { gate } = candidate;
    whenKnown(
      () => gate.inspect(request, call.context),
      (verdict) => {
        const { findings, blocked } = verdict;
        const copied = {
          ...call,
          request: verdict.request,
          openOutput: () => verdict.openOutput(),
        };
        if (blocked) ended(stoppedAtTheDoor(request));
        else this.send(copied, target, { findings, ended });
      },
      () => ended(null),
    );
  }

  private send(
    call: CopiedCall,
    target: Target,
    hear: { findings: readonly FindingRecord[]; ended: (facts: CallFacts | null) => void },
  ): void {
    const watch = new AnswerWatch(call.request);
    const isOwn = ownOf(this.facts.candidate.model);
    copyCall(call, target, this.copies, {
      release: { ...this.record, arm: "candidate" },
      saw: (events) => watch.saw(events),
      ended: (outcome) => {
        const findings = [...hear.findings, ...outcome.findings];
        hear.ended(factsOf({ ...outcome, findings }, watch, isOwn));
      },
    });
  }
}

/** Whether a target is the model's own, and not one that helps out. */
function ownOf({ targets }: RoutedModel): (target: Target) => boolean {
  return (target) => targets.some((one) => one.id === target.id && !one.fallback);
}

/** A call and its copy: tells of both when both are over. */
class Pair {
  private readonly take: (stable: CallFacts, candidate: CallFacts) => void;
  private readonly sides: { stable?: CallFacts | null; candidate?: CallFacts | null } = {};

  constructor(take: Pair["take"]) {
    this.take = take;
  }

  tell(side: "stable" | "candidate", facts: CallFacts | null): void {
    this.sides[side] = facts;
    const { stable, candidate } = this.sides;
    // Whose client left did not say how it would have ended.
    if (stable && candidate && !stable.aborted) this.take(stable, candidate);
  }
}
