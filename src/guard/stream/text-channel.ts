import type { TokenLogprob } from "../../core/chat.ts";
import type { Finding } from "../detector.ts";
import type { RuleSet } from "./rule-set.ts";

/** A piece of text that may leave. `logprobs` only when it is exactly as the model made it. */
export interface Released {
  readonly text: string;
  readonly logprobs?: readonly TokenLogprob[];
}

/** More undecided text than this is redacted as a whole: no stream makes us hold without bound. */
const MAX_HELD = 16 * 1024;

/**
 * One stream of text with a bounded hold-back: text leaves as soon as no rule can still match it,
 * and what matched leaves as its replacement. Nothing of a match leaves before the match is known.
 */
export class TextChannel {
  private readonly rules: RuleSet;
  private readonly replace: (finding: Finding) => string | undefined;
  private held = "";
  private before = "";
  private logprobs: TokenLogprob[] = [];

  /** `replace` gives the text to send instead, or undefined to leave the match as it is. */
  constructor(rules: RuleSet, replace: (finding: Finding) => string | undefined) {
    this.rules = rules;
    this.replace = replace;
  }

  push(text: string, logprobs: readonly TokenLogprob[] = []): Released | undefined {
    this.held += text;
    this.logprobs.push(...logprobs);
    return this.release(false);
  }

  /** No more text will come. */
  end(): Released | undefined {
    return this.release(true);
  }

  private release(isEnd: boolean): Released | undefined {
    if (this.held === "") return undefined;
    const { findings, settled } = this.rules.look(this.held, isEnd, this.before);
    let ready = "";
    let at = 0;
    let isChanged = false;
    for (const finding of findings) {
      const instead = this.replace(finding);
      if (instead === undefined) continue;
      ready += this.held.slice(at, finding.start) + instead;
      at = finding.end;
      isChanged = true;
    }
    const isTooLong = this.held.length - settled > MAX_HELD;
    const until = isTooLong ? this.held.length : Math.max(settled, at);
    ready += isTooLong ? `${this.held.slice(at, settled)}[redacted]` : this.held.slice(at, until);
    if (until === 0) return undefined;
    this.before = this.held.charAt(until - 1);
    this.held = this.held.slice(until);
    return this.withLogprobs(ready, isChanged || isTooLong);
  }

  /** Logprobs spell out their tokens: they leave only once all the text that they stand for has. */
  private withLogprobs(text: string, isChanged: boolean): Released {
    if (isChanged) this.logprobs = [];
    if (this.held !== "" || this.logprobs.length === 0) return { text };
    const { logprobs } = this;
    this.logprobs = [];
    return { text, logprobs };
  }
}
