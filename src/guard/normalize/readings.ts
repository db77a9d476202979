import type { Evidence } from "../detector.ts";
import type { Decoded, Decoder } from "./decoder.ts";
import { base64 } from "./decoders/base64.ts";
import { binary } from "./decoders/binary.ts";
import { entities } from "./decoders/entities.ts";
import { escapes } from "./decoders/escapes.ts";
import { hex, hexPairs } from "./decoders/hex.ts";
import { homoglyphs } from "./decoders/homoglyphs.ts";
import { leet } from "./decoders/leet.ts";
import { morse } from "./decoders/morse.ts";
import { percent } from "./decoders/percent.ts";
import { selectors } from "./decoders/selectors.ts";
import { spacing } from "./decoders/spacing.ts";
import { tags } from "./decoders/tags.ts";
import { reversed, shifted } from "./decoders/turned.ts";
import { zeroWidth } from "./decoders/zero-width.ts";
import { type Plain, clean, cleanOffsets, collapse, toPlain } from "./plain.ts";
import { profile } from "./profile.ts";

/** One way to read a text: as it stands, or with a stretch of it decoded. */
export interface Reading extends Plain {
  /** How it was hidden, outermost first; empty for the text as it stands. */
  readonly steps: readonly string[];
  /** The stretch of the original that it was made of. */
  readonly start: number;
  readonly end: number;
}

/** These see what cleaning takes away; the others read the cleaned text. */
const INVISIBLE: readonly Decoder[] = [tags, selectors, zeroWidth];
const VISIBLE: readonly Decoder[] = [
  base64,
  hex,
  hexPairs,
  percent,
  entities,
  escapes,
  homoglyphs,
  spacing,
  leet,
  shifted,
  reversed,
  morse,
  binary,
];

/** Done twice these undo themselves, or find nothing new. */
const ONCE: ReadonlySet<string> = new Set(["rot13", "reversed", "leet", "spacing", "homoglyphs"]);

const MAX_DEPTH = 3;
/** All that may be decoded of a text, nested layers included: bounds the work on hostile input. */
const BUDGET_FACTOR = 4;
const BUDGET_BASE = 4096;
/** More pieces than this are read as one: a payload in crumbs makes sense only together. */
const MAX_PIECES = 4;
const EVIDENCE = 200;

/** Parts that long texts are looked into by, in characters, and by how much two of them overlap. */
const PART = 4096;
const LONGEST_PART = 65_536;
const OVERLAP = 256;

/** Every way to read a text, the plain one first. Work and output are linear in its length. */
export function readingsOf(text: string): readonly Reading[] {
  // Several detectors look at the same text in turn.
  if (latest?.text !== text) latest = { text, readings: readAll(text) };
  return latest.readings;
}

let latest: { text: string; readings: readonly Reading[] } | undefined;

function readAll(text: string): readonly Reading[] {
  const plain: Reading = { ...toPlain(text), steps: [], start: 0, end: text.length };
  let search: Search | undefined;
  for (const { from, end } of partsOf(text)) {
    const signs = profile(text, from, end);
    if (signs === 0) continue;
    search ??= {
      readings: [plain],
      seen: new Set([plain.lines]),
      left: text.length * BUDGET_FACTOR + BUDGET_BASE,
    };
    expand({ text: text.slice(from, end), from, signs, outer: undefined, search });
  }
  return search?.readings ?? [plain];
}

interface Search {
  readonly readings: Reading[];
  readonly seen: Set<string>;
  left: number;
}

/** A long text is looked into part by part: what is odd in one place costs nothing elsewhere. */
function* partsOf(text: string): Generator<{ from: number; end: number }> {
  let from = 0;
  for (;;) {
    const end = from + 2 * PART >= text.length ? text.length : cutAfter(text, from + PART);
    yield { from, end };
    if (end >= text.length) return;
    from = Math.max(from + 1, end - OVERLAP);
  }
}

/** At the next white space, since a token must stay whole; in one without end, anywhere. */
function cutAfter(text: string, least: number): number {
  const most = least + LONGEST_PART;
  for (let at = least; at < most; at++) {
    if (at >= text.length || text.charCodeAt(at) <= 32) return Math.min(at, text.length);
  }
  return most;
}

/** A text to look into: the original, or what a decoder made of a part of it. */
interface Found {
  readonly text: string;
  /** Where it stands in the original. */
  readonly from: number;
  readonly signs: number;
  readonly outer: Reading | undefined;
  readonly search: Search;
}

interface Layer extends Omit<Found, "signs" | "from"> {
  /** From this layer's text to where it was taken from. */
  offset(at: number): number;
}

function expand({ text, from, signs, outer, search }: Found): void {
  const raw: Layer = { text, outer, search, offset: (at) => from + at };
  decodeWith(INVISIBLE, signs, raw);
  const cleaned = clean(text);
  if (cleaned === text) {
    decodeWith(VISIBLE, signs, raw);
    return;
  }
  let offsets: Uint32Array | undefined;
  const offset = (at: number) =>
    from + ((offsets ??= cleanOffsets(text, cleaned))[at] ?? text.length);
  decodeWith(VISIBLE, signs | profile(cleaned), { text: cleaned, outer, search, offset });
}

function decodeWith(decoders: readonly Decoder[], signs: number, layer: Layer): void {
  for (const decoder of decoders) {
    if ((decoder.signs & signs) === 0) continue;
    if (ONCE.has(decoder.step) && layer.outer?.steps.includes(decoder.step)) continue;
    for (const decoded of joined(decoder.decode(layer.text))) {
      if (!take(decoded, decoder.step, layer)) return;
    }
  }
}

/** False: the budget is spent. */
function take({ text, start, end }: Decoded, step: string, layer: Layer): boolean {
  const { outer, search } = layer;
  search.left -= text.length;
  if (search.left < 0) return false;
  const plain = makeInner(text);
  if (search.seen.has(plain.lines)) return true;
  search.seen.add(plain.lines);
  const reading: Reading = {
    ...plain,
    steps: [...(outer?.steps ?? []), step],
    // What is inside of something decoded stood where that stood.
    start: outer ? outer.start : layer.offset(start),
    end: outer ? outer.end : layer.offset(end),
  };
  search.readings.push(reading);
  const signs = reading.steps.length < MAX_DEPTH ? profile(text) : 0;
  if (signs !== 0) expand({ text, from: 0, signs, outer: reading, search });
  return true;
}

/** A decoded text has no places of its own in the original. */
function makeInner(text: string): Plain {
  const lines = clean(text).toLowerCase();
  return { text: collapse(lines), lines, at: (index) => index, lineAt: (index) => index };
}

function joined(pieces: readonly Decoded[]): readonly Decoded[] {
  const [first] = pieces;
  const last = pieces.at(-1);
  if (!first || !last || pieces.length <= MAX_PIECES) return pieces;
  const text = pieces.map(({ text }) => text).join(" ");
  return [{ text, start: first.start, end: last.end }];
}

/**
 * Where something stands in the original that was found at `start … end` of a reading's `text`;
 * with it, of something decoded, what it says.
 */
export function placeOf(
  reading: Reading,
  start: number,
  end: number,
): { start: number; end: number; evidence?: Evidence } {
  if (reading.steps.length === 0) return { start: reading.at(start), end: reading.at(end) };
  return {
    start: reading.start,
    end: reading.end,
    evidence: evidenceOf(reading.text, start, reading.steps),
  };
}

/** The same for a place in its `lines`. */
export function linePlaceOf(
  reading: Reading,
  start: number,
  end: number,
): { start: number; end: number; evidence?: Evidence } {
  if (reading.steps.length === 0) return { start: reading.lineAt(start), end: reading.lineAt(end) };
  return {
    start: reading.start,
    end: reading.end,
    evidence: evidenceOf(reading.lines, start, reading.steps),
  };
}

function evidenceOf(text: string, start: number, steps: readonly string[]): Evidence {
  return { text: text.slice(start, start + EVIDENCE).toWellFormed(), steps };
}
