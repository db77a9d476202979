import { Buffer } from "node:buffer";
import type { Finding } from "../detector.ts";
import { rot13 } from "../normalize/profile.ts";
import { type CanaryWatch, createCanaryWatch } from "./canaries.ts";
import {
  type Fingerprints,
  GRAM,
  LetterWindow,
  createFingerprints,
  letterOf,
} from "./fingerprints.ts";

export interface ToolSchema {
  readonly name: string;
  readonly description?: string | undefined;
  readonly parameters?: unknown;
}

/** Texts that must not be read out at length: an operator's list, or what belongs to another tenant. */
export interface Listed {
  /** As in `leakage.NAME`. */
  readonly name: string;
  /** From `createFingerprints`: made once, for all requests. */
  readonly prints: Pick<Fingerprints, "has">;
  /** So many letters of it are too many: 240 where nothing is said. */
  readonly most?: number;
}

/** What an answer must not give away. Nothing of it is kept as text but the canaries. */
export interface LeakageSources {
  readonly systemPrompt?: string | undefined;
  readonly tools?: readonly ToolSchema[] | undefined;
  /** Nonces that stand in the system prompt, in tools' descriptions or in documents: of 12 letters and more. */
  readonly canaries?: readonly string[] | undefined;
  readonly listed?: readonly Listed[] | undefined;
  /** What the user has written: to repeat it gives nothing away. The last 20,000 characters count. */
  readonly known?: readonly string[] | undefined;
}

export interface LeakageWatch {
  /** The next piece of the answer. Each source is found once at the most; offsets count from the answer's beginning. */
  push(text: string): readonly Finding[];
  /** No more will come. */
  end(): readonly Finding[];
}

/** About 28 words, or 20 of a prompt that is short: more than a sentence of it. */
const MOST_QUOTED = 140;
const LEAST_QUOTED = 100;
const SHARE = 0.6;
/** Of listed texts, whole passages: about 50 words. */
const MOST_LISTED = 240;
/** What one letter of other text takes from what has been counted. */
const FORGETTING = 0.1;
const CONFIDENCE = 0.85;
const MOST_KNOWN = 20_000;
const NONE: readonly Finding[] = [];

/**
 * Watches one answer for what it gives away: the system prompt, tools' descriptions, listed texts, by
 * runs of 24 letters that it shares with them, and canaries. Runs are found however the text is spaced,
 * wrapped or cased, back to front, in ROT13, and decoded from base64, hex and percent signs; not when it
 * is translated or told in other words. One sentence is no leak: 140 letters are, or 60 % of a prompt of
 * less (prompts of less than 100 letters have nothing to give away). Any language. State is bounded, cost
 * linear: well below 1 µs a token; a prompt is fingerprinted once (50 µs a kilobyte) and remembered. Undefined
 * where there is nothing to watch for. Throws RangeError for a canary that is too short.
 */
export function openLeakageWatch(sources: LeakageSources): LeakageWatch | undefined {
  const { canaries = [], known = [] } = sources;
  const quoted = quotedIn(sources);
  if (quoted.length === 0 && canaries.length === 0) return undefined;
  const layer = (step?: string) => new Layer({ quoted, canaries, known, step });
  return new Watch(layer(), layer("decoded"));
}

interface Quoted {
  readonly name: string;
  readonly prints: Pick<Fingerprints, "has">;
  /** Letters of it that are too many. */
  readonly most: number;
}

function quotedIn({ systemPrompt, tools = [], listed = [] }: LeakageSources): Quoted[] {
  const texts: [string, string][] = [
    ["system_prompt", systemPrompt ?? ""],
    ["tool_schema", tools.flatMap(wordsOf).join("\n")],
  ];
  return [
    ...texts
      .map(([name, text]) => ({ name, prints: remembered(text) }))
      .filter(({ prints }) => prints.letters >= LEAST_QUOTED)
      .map((one) => ({ ...one, most: mostOf(one.prints) })),
    ...listed.map(({ most = MOST_LISTED, ...one }) => ({ ...one, most })),
  ];
}

function mostOf({ letters }: Fingerprints): number {
  return Math.min(MOST_QUOTED, Math.max(LEAST_QUOTED, letters * SHARE));
}

/** What a tool says of itself: names and descriptions, not the words of JSON Schema. */
function wordsOf({ name, description = "", parameters }: ToolSchema): string[] {
  return [name, description, ...describedIn(parameters, 0)];
}

const DEEPEST = 12;

function describedIn(schema: unknown, depth: number): string[] {
  if (typeof schema !== "object" || schema === null || depth > DEEPEST) return [];
  return Object.entries(schema).flatMap(([key, value]) =>
    typeof value === "string" && (key === "description" || key === "title")
      ? [value]
      : describedIn(value, depth + 1),
  );
}

/** Prompts are the same from call to call. Each is fingerprinted in all the ways in which it may be turned. */
function remembered(text: string): Fingerprints {
  const known = prompts.get(text);
  if (known) return known;
  const turned = Array.from(text).toReversed().join("");
  const wordByWord = turned.split(/\s+/).toReversed().join(" ");
  const { letters } = createFingerprints([text]);
  const all = createFingerprints([text, rot13(text), turned, wordByWord]);
  const prints: Fingerprints = { letters, has: (hash) => all.has(hash) };
  if (prompts.size >= MOST_REMEMBERED) prompts.delete(prompts.keys().next().value ?? "");
  prompts.set(text, prints);
  return prints;
}

const MOST_REMEMBERED = 32;
const prompts = new Map<string, Fingerprints>();

/** Decoded pieces are held up to so many characters; shorter ones say nothing. */
const MOST_TOKEN = 4096;
const LEAST_TOKEN = 24;
const TOKEN = Uint8Array.from({ length: 128 }, (_, code) =>
  /[A-Za-z0-9+/=_%-]/.test(String.fromCharCode(code)) ? 1 : 0,
);

class Watch implements LeakageWatch {
  private readonly plain: Layer;
  private readonly decoded: Layer;
  private before = 0;
  private token = "";

  constructor(plain: Layer, decoded: Layer) {
    this.plain = plain;
    this.decoded = decoded;
  }

  push(text: string): readonly Finding[] {
    const findings = this.plain.read(text, this.before);
    const encoded = this.readTokens(text);
    this.before += text.length;
    if (encoded.length === 0) return findings;
    return [...findings, ...encoded];
  }

  end(): readonly Finding[] {
    return this.readToken(this.before);
  }

  private readTokens(text: string): readonly Finding[] {
    let findings: Finding[] | undefined;
    let from = 0;
    for (let at = 0; at < text.length; at++) {
      if (TOKEN[text.charCodeAt(at)] === 1) continue;
      if (this.token.length + at - from >= LEAST_TOKEN) {
        this.token += text.slice(from, at);
        (findings ??= []).push(...this.readToken(this.before + at));
      }
      this.token = "";
      from = at + 1;
    }
    this.token += text.slice(from);
    if (this.token.length < MOST_TOKEN) return findings ?? NONE;
    return [...(findings ?? []), ...this.readToken(this.before + text.length)];
  }

  private readToken(end: number): readonly Finding[] {
    const { token } = this;
    // What is cut in the middle goes on where a group of four ends.
    const whole = token.length < MOST_TOKEN ? token : token.slice(0, MOST_TOKEN);
    this.token = token.slice(whole.length);
    if (whole.length < LEAST_TOKEN) return NONE;
    return this.decoded.read(decode(whole), end - whole.length, whole.length);
  }
}

function decode(token: string): string {
  if (token.includes("%")) {
    return token.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  }
  return Buffer.from(token, /^[0-9A-Fa-f]+$/.test(token) ? "hex" : "base64").toString();
}

interface LayerSources {
  readonly quoted: readonly Quoted[];
  readonly canaries: readonly string[];
  readonly known: readonly string[];
  readonly step: string | undefined;
}

/** The answer as it is, or what was decoded of it: where each source stands in it. */
class Layer {
  private readonly tracks: readonly Track[];
  private readonly canaries: CanaryWatch | undefined;
  private readonly step: string | undefined;
  private readonly window = new LetterWindow(GRAM);
  private hasCanary = false;
  /** What gives nothing away; undefined once it has been read. */
  private known: readonly string[] | undefined;

  constructor({ quoted, canaries, known, step }: LayerSources) {
    this.known = known;
    this.tracks = quoted.map((one) => new Track(one));
    this.canaries = canaries.length > 0 ? createCanaryWatch(canaries) : undefined;
    this.step = step;
  }

  /** `length`: what the text was decoded of takes so many characters. */
  read(text: string, start: number, length?: number): readonly Finding[] {
    let findings: Finding[] | undefined;
    const lower = lowerOf(text);
    for (let at = 0; at < lower.length; at++) {
      const letter = letterOf(lower.charCodeAt(at));
      if (letter === 0) continue;
      const isCanary = this.canaries?.push(letter) && !this.hasCanary;
      const isFull = this.window.push(letter);
      if (!isCanary && !isFull) continue;
      const end = start + (length ?? at + 1);
      if (isCanary) {
        this.hasCanary = true;
        (findings ??= []).push(this.finding("canary", start, end, 1));
      }
      const name = isFull ? this.quotedBy(end) : undefined;
      if (name) (findings ??= []).push(this.finding(name.name, name.start, end, CONFIDENCE));
    }
    return findings ?? NONE;
  }

  /** Long prompts take milliseconds: they are read when an answer has more of a source than chance brings. */
  private learn(known: readonly string[]): void {
    this.known = undefined;
    const window = new LetterWindow(GRAM);
    const lower = lowerOf(known.join("\n").slice(-MOST_KNOWN));
    for (let at = 0; at < lower.length; at++) {
      const letter = letterOf(lower.charCodeAt(at));
      if (letter === 0 || !window.push(letter)) continue;
      for (const track of this.tracks) track.learn(window.hash);
    }
  }

  private quotedBy(end: number): { readonly name: string; readonly start: number } | undefined {
    const { hash, count } = this.window;
    for (const track of this.tracks) {
      if (!track.has(hash)) continue;
      if (this.known && track.goesOn(count)) this.learn(this.known);
      if (track.see(hash, count, end)) return { name: track.name, start: track.start };
    }
    return undefined;
  }

  private finding(name: string, start: number, end: number, confidence: number): Finding {
    const found = {
      detector: `leakage.${name}`,
      category: "leakage",
      start,
      end,
      confidence,
    } as const;
    return this.step ? { ...found, evidence: { text: "", steps: [this.step] } } : found;
  }
}

/** Small letters, at the same places. */
function lowerOf(text: string): string {
  const lower = text.toLowerCase();
  return lower.length === text.length ? lower : text;
}

/** How much of one source an answer has given away of late. */
class Track {
  readonly name: string;
  start = 0;
  private readonly prints: Quoted["prints"];
  private readonly most: number;
  /** The same words again give nothing more away. */
  private readonly seen = new Set<number>();
  private letters = 0;
  private last = 0;
  private isFound = false;

  constructor({ name, prints, most }: Quoted) {
    this.name = name;
    this.prints = prints;
    this.most = most;
  }

  /** Whether a piece is of this source. */
  has(hash: number): boolean {
    return this.prints.has(hash);
  }

  /** Whether it was met a moment before. */
  goesOn(count: number): boolean {
    return this.last > 0 && count - this.last <= GRAM;
  }

  /** Takes note of a piece that is of this source. True once: when too much was given away. */
  see(hash: number, count: number, end: number): boolean {
    if (this.isFound || this.seen.has(hash)) return false;
    this.seen.add(hash);
    const gap = count - this.last;
    this.last = count;
    const forgotten = Math.max(0, gap - GRAM) * FORGETTING;
    this.letters = Math.max(0, this.letters - forgotten);
    if (this.letters === 0) this.start = Math.max(0, end - GRAM);
    this.letters += Math.min(gap, GRAM);
    this.isFound = this.letters >= this.most;
    return this.isFound;
  }

  learn(hash: number): void {
    if (this.has(hash)) this.seen.add(hash);
  }
}
