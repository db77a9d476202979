/**
 * The guard for a program of one's own, without a server:
 *
 *     import { guard } from "weir/guard";
 *     const { verdict, text } = guard.scan("My card is 4111 1111 1111 1111");
 *
 * The same detectors, policy and defaults as the server's.
 */
import type { z } from "zod";
import { Guard as GuardConfig } from "../config/guard.ts";
import type { Origin } from "../core/call.ts";
import type { Evidence, Finding } from "../guard/detector.ts";
import { openLeakageWatch } from "../guard/detectors/leakage.ts";
import { ANYWHERE, createGate } from "../guard/gate.ts";
import { lookerFor } from "../guard/policy/looker.ts";
import { listedIn, ownWatches } from "../guard/policy/own-detectors.ts";
import { type Action, type Policy, decide } from "../guard/policy/policy.ts";
import type { Watch } from "../guard/stream/answer-watch.ts";
import { replacementFor } from "../guard/stream/output-scan.ts";
import { createRuleSet } from "../guard/stream/rule-set.ts";
import { TextChannel } from "../guard/stream/text-channel.ts";
import { takeOut } from "../guard/take-out.ts";
import { guardDetectors } from "./guard-detectors.ts";
import { listedFiles, withListedTexts } from "./guard-listed.ts";

/** As the `guard` section of weir.yaml. */
export type GuardOptions = z.input<typeof GuardConfig>;

export interface ScanOptions {
  /** Who wrote the text: `user` where nothing is said; `document` for what was fetched. */
  readonly origin?: Origin;
}

export interface ScannedFinding {
  /** As `pii.email`: the category, and what it is. */
  readonly detector: string;
  readonly action: Action;
  /** UTF-16 offsets into the text. */
  readonly start: number;
  readonly end: number;
  /** 0 to 1. */
  readonly confidence: number;
  /** The share of innocent texts that look like it at least as much. */
  readonly falsePositiveRate?: number;
  /** What it said when it was decoded. */
  readonly evidence?: Evidence;
}

export interface Scanned {
  /** The strongest of the findings' actions. */
  readonly verdict: Action;
  readonly findings: readonly ScannedFinding[];
  /** The text with everything taken out that is to be redacted. */
  readonly text: string;
  /** Detectors that could not look; empty when all did. */
  readonly failed: readonly string[];
}

/** A text that is still being written. */
export interface GuardedStream {
  /** What may leave now: what could still become a finding is held back. */
  push(text: string): string;
  /** The rest. */
  end(): string;
  readonly findings: readonly string[];
}

export interface Guard {
  scan(text: string, options?: ScanOptions): Scanned;
  /** Takes secrets and personal data out of a model's answer while it comes in. */
  stream(): GuardedStream;
}

const STRENGTH: readonly Action[] = ["allow", "flag", "redact", "hold", "block"];

/** Throws where the options, a pattern in them or a file that they list cannot be used. */
export function createGuard(options: GuardOptions = {}): Guard {
  return guardOf(withListedTexts(GuardConfig.parse(options), listedFiles(process.cwd())));
}

/** The same for a configuration that was read already, the texts that it lists with it. */
export function guardOf(rules: z.output<typeof GuardConfig>): Guard {
  const gate = createGate(rules, guardDetectors());
  const policy = gate.policy(ANYWHERE);

  return {
    scan(text, { origin = "user" } = {}) {
      const { findings: seen, failures } = gate.see({ text, origin });
      const findings = seen
        .map((finding) => toScanned(finding, decide(finding, finding.origin, policy)))
        .filter(({ action }) => action !== "allow")
        .toSorted((a, b) => a.start - b.start || b.end - a.end);
      return {
        verdict: strongest(findings.map(({ action }) => action)),
        findings,
        text: takeOut(
          text,
          seen.filter((finding) => decide(finding, finding.origin, policy) === "redact"),
        ),
        failed: failures.map(({ detector }) => detector),
      };
    },
    stream() {
      const findings: string[] = [];
      const shapes = lookerFor("assistant", policy, [])?.shapes ?? createRuleSet([]);
      const watches = stretchWatches(policy);
      const note = (found: readonly Finding[]) =>
        void findings.push(...found.map(({ detector }) => detector));
      const channel = new TextChannel(shapes, (finding) => {
        findings.push(finding.detector);
        const action = decide(finding, "assistant", policy);
        return action === "flag" ? undefined : replacementFor(finding.detector);
      });
      return {
        push(text) {
          for (const watch of watches) note(watch.push(text));
          return channel.push(text);
        },
        end() {
          for (const watch of watches) note(watch.end?.() ?? []);
          return channel.end();
        },
        findings,
      };
    },
  };
}

/** What shows only over a stretch of an answer: topics, languages, listed texts. It is noted, and leaves. */
function stretchWatches(policy: Policy): Watch[] {
  if (policy.mode === "off") return [];
  const leakage = openLeakageWatch({ listed: listedIn(policy) });
  return [...(ownWatches(policy)?.() ?? []), ...(leakage ? [leakage] : [])];
}

function toScanned(finding: Finding, action: Action): ScannedFinding {
  const { detector, start, end, confidence, falsePositiveRate, evidence } = finding;
  return {
    detector,
    action,
    start,
    end,
    confidence,
    ...(falsePositiveRate !== undefined && { falsePositiveRate }),
    ...(evidence && { evidence }),
  };
}

function strongest(actions: readonly Action[]): Action {
  return STRENGTH.findLast((action) => actions.includes(action)) ?? "allow";
}

let standard: Guard | undefined;

/** With the settings that a server has by itself; its model is read when it is first used. */
export const guard: Guard = {
  scan: (text, options) => (standard ??= createGuard()).scan(text, options),
  stream: () => (standard ??= createGuard()).stream(),
};
