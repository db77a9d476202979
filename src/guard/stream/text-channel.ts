import type { Finding } from "../detector.ts";
import type { RuleSet } from "./rule-set.ts";

/** Of text that is taken out, what is kept to see where it ends. */
const END_CONTEXT = 128;

/** What may leave before it is known what it begins: a few words of it, and no more of a number than its first six digits. */
const MOST_TOLD = 40;
const MOST_DIGITS = 6;
const JOINT = /[-_=@/+]/;

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
  /** What left when the text was interrupted, and may still turn out to begin a match. */
  private gone = "";
  /** What has been replaced already goes on up to the end of this. */
  private takingOutUntil: RegExp | undefined;

  /** `replace` gives the text to send instead, or undefined to leave the match as it is. */
  constructor(rules: RuleSet, replace: (finding: Finding) => string | undefined) {
    this.rules = rules;
    this.replace = replace;
  }

  /** What may leave now. */
  push(text: string): string {
    this.held += text;
    return this.release(false);
  }

  /** Whether what comes belongs to something that was replaced already. */
  get isTakingOut(): boolean {
    return this.takingOutUntil !== undefined;
  }

  /**
   * Something else comes in between: what is held leaves before it, unless it looks like a part of what
   * the rules are for. What matches when the text goes on is taken out from here on.
   */
  interrupt(): string {
    const { held } = this;
    if (held === "" || this.gone !== "" || this.takingOutUntil || !isPlain(held)) return "";
    if (this.rules.look(held, true, this.before).findings.length > 0) return "";
    this.gone = held;
    this.held = "";
    return held;
  }

  /** No more text will come: the rest of it. */
  end(): string {
    return this.release(true);
  }

  private release(isEnd: boolean): string {
    if (this.held === "" || !this.takeOut()) return "";
    const text = this.gone + this.held;
    const told = this.gone.length;
    const { findings, settled, goesOnUntil } = this.rules.look(text, isEnd, this.before);
    let ready = "";
    let at = told;
    for (const finding of findings) {
      const instead = this.replace(finding);
      if (instead === undefined) continue;
      // Findings may overlap: what one took out is not put back by the next.
      const start = Math.max(finding.start, told);
      if (start >= at) ready += text.slice(at, start) + instead;
      at = Math.max(at, finding.end);
      if (finding.end === text.length) this.takingOutUntil = goesOnUntil;
    }
    if (settled === 0) return "";
    ready += text.slice(at, settled);
    this.before = (this.before + text.slice(0, settled)).slice(-2);
    this.gone = this.gone.slice(settled);
    this.held = text.slice(Math.max(settled, told));
    return ready;
  }

  /** Throws away what belongs to a match that was replaced; false while it is not over. */
  private takeOut(): boolean {
    if (!this.takingOutUntil) return true;
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
}

function isPlain(text: string): boolean {
  if (text.length > MOST_TOLD || JOINT.test(text)) return false;
  return text.replaceAll(/\D/g, "").length <= MOST_DIGITS;
}
