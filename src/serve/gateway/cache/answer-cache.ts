import type { ModelCacheConfig } from "../../../config/cache.ts";
import type { ChatEvent, GenerateRequest, Usage } from "../../../core/chat.ts";
import type { AttemptListener } from "../../provider.ts";
import type { AnswerCache, CacheHit, CacheLook, CacheMiss, CallContext } from "../needs.ts";
import { type KeyFacts, type Question, exactKey, questionOf } from "./cache-key.ts";
import {
  type AnswerStore,
  type CachedAnswer,
  eventsFor,
  readAnswer,
  writeAnswer,
} from "./entry.ts";
import { Flight } from "./flight.ts";
import { SimilarIndex } from "./similar-index.ts";

export interface AnswerCacheNeeds {
  readonly store: AnswerStore;
  /** How this model's answers are kept; undefined: not at all. */
  readonly rulesOf: (model: string) => CacheRules | undefined;
  /** A text's unit vector by the named model. Rejects where it cannot be made. */
  readonly embed: (model: string, text: string) => Promise<Float32Array>;
  readonly maxAnswerBytes: () => number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly count: (model: string, kind: CacheLook["kind"]) => void;
}

export interface CacheRules {
  readonly config: ModelCacheConfig;
  /** Names what made the answers: other targets or another guard would make others. */
  readonly version: string;
}

/** One call on its way through the cache. */
interface Asking {
  readonly request: GenerateRequest;
  readonly context: CallContext;
  readonly rules: CacheRules;
  readonly key: string;
}

/** A question with its vector, where the model compares questions. */
type Compared = Question & { readonly vector: Float32Array };

/**
 * Gives answers again: of an identical call, of one that is under way, or, where the model says so,
 * of one that asks nearly the same. Only what a client got whole is kept.
 */
export class Answers implements AnswerCache {
  private readonly needs: AnswerCacheNeeds;
  private readonly flights = new Map<string, Flight>();
  private readonly similar = new SimilarIndex();

  constructor(needs: AnswerCacheNeeds) {
    this.needs = needs;
  }

  look(request: GenerateRequest, context: CallContext, variant?: string) {
    const rules = this.needs.rulesOf(request.model);
    if (!rules || !isCacheable(request, rules.config, context)) return undefined;
    const facts: KeyFacts = { scope: rules.config.scope, version: rules.version + (variant ?? "") };
    const asking = { request, context, rules, key: exactKey(request, context, facts) };
    if (context.wishes?.cache === "refresh") return this.counted(asking, this.miss(asking));
    const flight = this.flights.get(asking.key);
    if (flight) return this.counted(asking, this.joined(asking, flight));
    const found = this.needs.store.get(asking.key);
    if (!(found instanceof Promise) && !rules.config.semantic) {
      return this.counted(asking, this.settled(asking, found));
    }
    return this.lookFurther(asking, facts, found).then((result) => this.counted(asking, result));
  }

  private async lookFurther(
    asking: Asking,
    facts: KeyFacts,
    exact: string | undefined | Promise<string | undefined>,
  ): Promise<CacheLook> {
    const text = await exact;
    const { semantic } = asking.rules.config;
    if (text !== undefined || !semantic) return this.settled(asking, text);
    const compared = await this.compare(asking, facts, semantic.embeddings);
    if (!compared) return this.settled(asking, undefined);
    const { threshold } = semantic;
    const match = this.similar.find(compared.partition, compared, {
      threshold,
      now: this.needs.now(),
    });
    const other = match && (await this.needs.store.get(match.key));
    const answer = other === undefined ? undefined : readAnswer(other);
    if (!match || !answer) return this.settled(asking, undefined, compared);
    const headers = { "x-weir-cache-likeness": match.likeness.toFixed(4) };
    return this.hit("similar", asking, answer, headers);
  }

  private async compare(
    { request, context }: Asking,
    facts: KeyFacts,
    model: string,
  ): Promise<Compared | undefined> {
    const question = questionOf(request, context, facts);
    if (!question) return undefined;
    const vector = await this.needs.embed(model, question.text).catch(() => undefined);
    return vector && { ...question, vector };
  }

  /** What was found for an exact key; meanwhile another call may have begun to make it. */
  private settled(asking: Asking, text: string | undefined, compared?: Compared): CacheLook {
    const answer = text === undefined ? undefined : readAnswer(text);
    if (answer) return this.hit("hit", asking, answer);
    const flight = this.flights.get(asking.key);
    return flight ? this.joined(asking, flight) : this.miss(asking, compared);
  }

  private hit(
    kind: CacheHit["kind"],
    { request }: Asking,
    answer: CachedAnswer,
    more: Readonly<Record<string, string>> = {},
  ): CacheHit {
    const age = Math.max(0, Math.round((this.needs.now() - answer.at) / 1000));
    return {
      kind,
      headers: { "x-weir-cache": kind, age: String(age), ...more },
      play: (listener) => play(eventsFor(answer, request.stream), answer.usage, listener),
    };
  }

  private joined({ request }: Asking, flight: Flight): CacheHit {
    const { stream } = flight;
    const translate = (events: ChatEvent[]) =>
      eventsFor({ at: 0, usage: NONE, events, stream }, request.stream);
    return {
      kind: "joined",
      headers: { "x-weir-cache": "joined" },
      play: (listener) => flight.follow(listener, translate),
    };
  }

  private miss(asking: Asking, compared?: Compared): CacheMiss {
    const { key, request } = asking;
    const flight = new Flight(request.stream);
    this.flights.set(key, flight);
    const land = () => {
      if (this.flights.get(key) === flight) this.flights.delete(key);
    };
    return {
      kind: "miss",
      headers: { "x-weir-cache": "miss" },
      get isAwaited() {
        return flight.hasFollowers;
      },
      took: (events) => flight.took(events),
      done: (usage) => {
        this.keep(
          asking,
          { at: this.needs.now(), stream: flight.stream, usage, events: flight.events },
          compared,
        );
        land();
        flight.done(usage);
      },
      failed: () => {
        land();
        flight.failed();
      },
    };
  }

  private keep({ key, rules }: Asking, answer: CachedAnswer, compared?: Compared): void {
    if (!isWhole(answer)) return;
    const text = writeAnswer(answer);
    if (text.length > this.needs.maxAnswerBytes()) return;
    const { ttl, semantic } = rules.config;
    this.needs.store.put(key, text, ttl);
    if (!compared || !semantic) return;
    const bounds = { until: this.needs.now() + ttl, most: semantic.entries };
    this.similar.add(compared.partition, { ...compared, key }, bounds);
  }

  private counted<Look extends CacheLook>({ request }: Asking, result: Look): Look {
    this.needs.count(request.model, result.kind);
    return result;
  }
}

const NONE: Usage = { inputTokens: 0, outputTokens: 0 };

function isCacheable(
  request: GenerateRequest,
  { sampled }: ModelCacheConfig,
  { wishes }: CallContext,
): boolean {
  if (wishes?.cache === "off" || wishes?.target !== undefined) return false;
  // What an upstream's own tools found is true of one moment.
  if (request.kind === "chat" && request.foreignTools !== undefined) return false;
  return sampled || request.sampling.temperature === 0;
}

/** Whether every answer in it came to its own end: a filter's cut is not given again. */
function isWhole({ events }: CachedAnswer): boolean {
  const ends = events.flatMap((event) => (event.type === "finish" ? [event.reason] : []));
  return ends.length > 0 && !ends.includes("content_filter");
}

/** Tells a kept answer as an attempt would: the same events, all there at once. */
function play(events: readonly ChatEvent[], usage: Usage, listener: AttemptListener) {
  let isOver = false;
  queueMicrotask(() => {
    if (isOver) return;
    listener.events(events);
    if (isOver) return;
    isOver = true;
    listener.done();
  });
  const nothing = () => undefined;
  return {
    pause: nothing,
    resume: nothing,
    cancel: () => void (isOver = true),
    usage: () => usage,
    isRelayed: true,
  };
}
