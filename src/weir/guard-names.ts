import { hash } from "node:crypto";
import { modelNotFound, WeirError } from "../core/errors.ts";
import type { ChatRequest } from "../core/chat.ts";
import type { WeirConfig } from "../config/schema.ts";
import type { Finding } from "../guard/detector.ts";
import { findNames, namesOf, namesRequest, partsForNames } from "../guard/detectors/names.ts";
import type { Piece, Seen } from "../guard/gate.ts";
import type { Place } from "../guard/policy/policy-for.ts";
import { wantedFor } from "../guard/policy/policy.ts";
import type { Target } from "../serve/gateway/needs.ts";
import type { Live } from "./live.ts";

/** Earlier turns come again with each call: what was asked of a text is known for a while. */
const MOST_KNOWN = 5000;
/** More of one call is not asked: nobody has looked at it then. */
const MOST_PARTS = 64;

export interface NamesNeeds {
  readonly live: () => Live;
  /** The targets of a model, in order. Throws model_not_found. */
  readonly targets: (model: string) => readonly Target[];
}

/** Throws invalid_config where names are to be told by a model that is not there. */
export function checkNames({ guard, models }: WeirConfig): void {
  const model = guard.names?.model;
  if (model === undefined || Object.hasOwn(models, model)) return;
  const { message } = modelNotFound(model, Object.keys(models));
  throw new WeirError("invalid_config", `guard.names.model: ${message}`);
}

/** Asks a model of this server for names of people, where weir.yaml names one. */
export class NameLook {
  private readonly needs: NamesNeeds;
  private readonly known = new Map<string, Promise<readonly string[]>>();

  constructor(needs: NamesNeeds) {
    this.needs = needs;
  }

  get isOn(): boolean {
    return this.needs.live().config.guard.names !== undefined;
  }

  /** Adds names to what was seen in pieces in which personal data is looked for. Never rejects by itself. */
  async addTo(
    seen: readonly Seen[] | Promise<readonly Seen[]>,
    pieces: readonly Piece[],
    place: Place,
  ): Promise<readonly Seen[]> {
    const policy = this.needs.live().gate.policy(place);
    const isAsked = ({ origin }: Piece) => wantedFor(origin, policy).has("pii");
    const asked = pieces.map((piece) => (isAsked(piece) ? piece.text : ""));
    const [looked, names] = await Promise.all([
      seen,
      this.findingsIn(asked).catch(() => undefined),
    ]);
    return looked.map((one, at) => {
      if (!asked[at]) return one;
      if (!names) return { ...one, failures: [...one.failures, FAILURE] };
      const origin = pieces[at]?.origin ?? "user";
      const found = (names[at] ?? []).map((finding) => ({ ...finding, origin }));
      return { ...one, findings: [...one.findings, ...found] };
    });
  }

  /** The names in each text. Rejects where the model does not tell. */
  async findingsIn(texts: readonly string[]): Promise<readonly (readonly Finding[])[]> {
    const parts = texts.map((text) => partsForNames(text));
    if (parts.flat().length > MOST_PARTS) throw new Error("the texts are too long to ask a model");
    return Promise.all(
      texts.map(async (text, at) => {
        const names = await Promise.all((parts[at] ?? []).map((part) => this.namesIn(part)));
        return findNames(text, names.flat());
      }),
    );
  }

  private namesIn(part: string): Promise<readonly string[]> {
    const { names } = this.needs.live().config.guard;
    if (!names) return Promise.resolve([]);
    const key = hash("sha256", `${names.model}\n${part}`);
    const known = this.known.get(key);
    if (known) return known;
    const asked = this.ask(part, names);
    this.known.set(key, asked);
    asked.catch(() => this.known.delete(key));
    for (const oldest of this.known.keys()) {
      if (this.known.size <= MOST_KNOWN) break;
      this.known.delete(oldest);
    }
    return asked;
  }

  /** One target after the other. */
  private async ask(
    part: string,
    { model, timeout }: NonNullable<WeirConfig["guard"]["names"]>,
  ): Promise<readonly string[]> {
    let fault: unknown;
    for (const target of this.needs.targets(model)) {
      try {
        const request = namesRequest(part, target.model);
        return namesOf(await answerOf(target, request, AbortSignal.timeout(timeout)));
      } catch (cause) {
        fault = cause;
      }
    }
    throw fault ?? new WeirError("model_unavailable", `The model "${model}" has no target.`);
  }
}

const FAILURE = { detector: "pii.name", category: "pii" } as const;

/** The text of a target's answer. */
function answerOf(
  { provider }: Target,
  request: ChatRequest,
  signal: AbortSignal,
): Promise<string> {
  let text = "";
  return new Promise((resolve, reject) => {
    const attempt = provider.generate(request, {
      events(events) {
        for (const event of events) if (event.type === "text-delta") text += event.text;
      },
      done: () => resolve(text),
      failed: reject,
    });
    signal.addEventListener("abort", () => {
      attempt.cancel();
      reject(new WeirError("provider_timed_out", "The model that tells names took too long."));
    });
  });
}
