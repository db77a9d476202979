import type { TokenLogprob } from "../../core/chat.ts";
import type { Finding } from "../detector.ts";
import type { RuleSet } from "./rule-set.ts";

/** A piece of text that may leave. `logprobs` only when it is exactly as the model made it. */
export interface Released {
  readonly text: string;
  readonly logprobs?: readonly TokenLogprob[];
}

/** More undecided text than this is not kept: its middle is thrown away, and none of it leaves. */
const MAX_HELD = 16 * 1024;
/** What is kept of it at either end, so that its rule still finds where it ends. */
const KEPT_ENDS = 1024;

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
  private isShortened = false;

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
      if (instead === undefined && !this.isShortened) continue;
      // What was shortened has been replaced already.
      ready += this.isShortened ? "" : this.held.slice(at, finding.start) + instead;
      at = finding.end;
      isChanged = true;
      this.isShortened = false;
    }
    if (this.isShortened && settled > at) {
      // It turned out to be nothing, but its middle is gone: the rest of it must not stand alone.
      at = settled;
      this.isShortened = false;
    }
    const until = Math.max(settled, at);
    ready += this.held.slice(at, until);
    if (until > 0) this.before = this.held.charAt(until - 1);
    this.held = this.held.slice(until);
    if (this.held.length > MAX_HELD) ready += this.shorten();
    return ready === "" && until === 0 ? undefined : this.withLogprobs(ready, isChanged);
  }

  private shorten(): string {
    this.held = this.held.slice(0, KEPT_ENDS) + this.held.slice(-KEPT_ENDS);
    this.logprobs = [];
    const notice = this.isShortened ? "" : "[redacted]";
    this.isShortened = true;
    return notice;
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
