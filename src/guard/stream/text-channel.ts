import type { TokenLogprob } from "../../core/chat.ts";
import type { Finding } from "../detector.ts";
import type { RuleSet } from "./rule-set.ts";

/** A piece of text that may leave. `logprobs` only when it is exactly as the model made it. */
export interface Released {
  readonly text: string;
  readonly logprobs?: readonly TokenLogprob[];
}

/** Of text that is taken out, what is kept to see where it ends. */
const END_CONTEXT = 128;

/**
 * One stream of text with a bounded hold-back: text leaves as soon as no rule can still match it,
 * and what matched leaves as its replacement. Nothing of a match leaves before the match is known.
 */
export class TextChannel {
  private readonly rules: RuleSet;
  private readonly replace: (finding: Finding) => string | undefined;
  /** What has not left yet. */
  held = "";
  private before = "";
  private logprobs: TokenLogprob[] = [];
  /** What has been replaced already goes on up to the end of this. */
  private takingOutUntil: RegExp | undefined;

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

  /** Whether what comes belongs to something that was replaced already. */
  get isTakingOut(): boolean {
    return this.takingOutUntil !== undefined;
  }

  /** No more text will come. */
  end(): Released | undefined {
    return this.release(true);
  }

  private release(isEnd: boolean): Released | undefined {
    if (this.held === "" || !this.takeOut()) return undefined;
    const { findings, settled, goesOnUntil } = this.rules.look(this.held, isEnd, this.before);
    let ready = "";
    let at = 0;
    for (const finding of findings) {
      const instead = this.replace(finding);
      if (instead === undefined) continue;
      // Findings may overlap: what one took out is not put back by the next.
      if (finding.start >= at) ready += this.held.slice(at, finding.start) + instead;
      at = Math.max(at, finding.end);
      if (finding.end === this.held.length) this.takingOutUntil = goesOnUntil;
    }
    ready += this.held.slice(at, settled);
    if (settled === 0) return undefined;
    this.before = (this.before + this.held.slice(0, settled)).slice(-2);
    this.held = this.held.slice(settled);
    return this.withLogprobs(ready, at > 0);
  }

  /** Throws away what belongs to a match that was replaced; false while it is not over. */
  private takeOut(): boolean {
    if (!this.takingOutUntil) return true;
    this.logprobs = [];
    const end = this.takingOutUntil.exec(this.held);
    if (!end) {
      this.held = this.held.slice(-END_CONTEXT);
      return false;
    }
    this.takingOutUntil = undefined;
    const over = end.index + end[0].length;
    this.before = this.held.slice(Math.max(0, over - 2), over);
    this.held = this.held.slice(over);
    return this.held !== "";
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
