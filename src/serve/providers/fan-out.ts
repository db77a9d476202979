import type { ChatEvent, GenerateRequest, Sampling, Usage } from "../../core/chat.ts";
import type { WeirError } from "../../core/errors.ts";
import type { Attempt, AttemptListener, Provider } from "../provider.ts";

type Generate = Provider["generate"];

/** `generate` for a provider that gives one answer at a time: `n` answers are asked for side by side. */
export function fanOut(generate: Generate): Generate {
  return (request, listener, trace) =>
    request.n === 1
      ? generate(request, listener, trace)
      : new ManyAnswers((one, part) => generate(one, part, trace), request, listener);
}

/** Several attempts as one. The first failure ends all of them: half the answers are not an answer. */
class ManyAnswers implements Attempt {
  private readonly listener: AttemptListener;
  private readonly attempts: Attempt[] = [];
  private readonly usages: (Usage | undefined)[] = [];
  private left: number;
  private isOver = false;

  constructor(generate: Generate, request: GenerateRequest, listener: AttemptListener) {
    this.listener = listener;
    this.left = request.n;
    for (let index = 0; index < request.n; index++) {
      const one: GenerateRequest = { ...request, n: 1, sampling: withSeed(request, index) };
      this.attempts.push(
        generate(one, {
          events: (events) => this.took(index, events),
          done: () => this.finished(),
          failed: (error) => this.fail(error),
        }),
      );
    }
  }

  get dropped(): readonly string[] {
    return this.attempts[0]?.dropped ?? [];
  }

  get carried(): readonly string[] {
    return this.attempts[0]?.carried ?? [];
  }

  get isRelayed(): boolean {
    return this.attempts[0]?.isRelayed ?? false;
  }

  pause(): void {
    for (const attempt of this.attempts) attempt.pause();
  }

  resume(): void {
    for (const attempt of this.attempts) attempt.resume();
  }

  cancel(): void {
    this.isOver = true;
    for (const attempt of this.attempts) attempt.cancel();
  }

  usage(): Usage | undefined {
    const counted = this.attempts.map((attempt, at) => this.usages[at] ?? attempt.usage?.());
    return sum(counted);
  }

  private took(index: number, events: readonly ChatEvent[]): void {
    if (this.isOver) return;
    const own: ChatEvent[] = [];
    for (const { frame: _, ...event } of events) {
      if (event.type === "usage") this.usages[index] = event.usage;
      else if (event.type !== "frame") own.push({ ...event, index });
    }
    if (own.length > 0) this.listener.events(own);
  }

  private finished(): void {
    this.left -= 1;
    if (this.left > 0 || this.isOver) return;
    const usage = sum(this.usages);
    if (usage) this.listener.events([{ type: "usage", usage }]);
    this.isOver = true;
    this.listener.done();
  }

  private fail(error: WeirError): void {
    if (this.isOver) return;
    this.cancel();
    this.listener.failed(error);
  }
}

/** The same seed n times would give the same answer n times. */
function withSeed({ sampling }: GenerateRequest, index: number): Sampling {
  return sampling.seed === undefined ? sampling : { ...sampling, seed: sampling.seed + index };
}

function sum(usages: readonly (Usage | undefined)[]): Usage | undefined {
  const known = usages.filter((usage) => usage !== undefined);
  if (known.length === 0) return undefined;
  const total = (pick: (usage: Usage) => number | undefined) =>
    known.reduce((all, usage) => all + (pick(usage) ?? 0), 0);
  const cached = total(({ cachedTokens }) => cachedTokens);
  const written = total(({ cacheWriteTokens }) => cacheWriteTokens);
  const reasoning = total(({ reasoningTokens }) => reasoningTokens);
  return {
    inputTokens: total(({ inputTokens }) => inputTokens),
    outputTokens: total(({ outputTokens }) => outputTokens),
    ...(cached > 0 && { cachedTokens: cached }),
    ...(written > 0 && { cacheWriteTokens: written }),
    ...(reasoning > 0 && { reasoningTokens: reasoning }),
  };
}
