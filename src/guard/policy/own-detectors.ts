import type { Origin } from "../../core/call.ts";
import type { Detector } from "../detector.ts";
import { createLanguageRule, openLanguageWatch } from "../detectors/language.ts";
import { STRIDE, createFingerprints } from "../detectors/fingerprints.ts";
import { type Listed, openLeakageWatch } from "../detectors/leakage.ts";
import { createTopicRules, createTopicWatches, createTopics } from "../detectors/topics.ts";
import type { Watch } from "../stream/answer-watch.ts";
import type { RuleSet } from "../stream/rule-set.ts";
import type { Policy } from "./policy.ts";

/** What looks because an operator listed something: topics, languages and texts. */

/** Those that look at whole texts of this origin. */
export function ownDetectors(origin: Origin, policy: Policy): Detector[] {
  const topics = topicsFor(origin, policy).filter((topic) => !isHeld(topic, origin));
  const { languages } = policy;
  const allowed =
    origin === "user"
      ? languages?.prompts
      : origin === "assistant"
        ? languages?.answers
        : undefined;
  return [
    ...(topics.length > 0 ? [createTopics(topics)] : []),
    ...(allowed ? [createLanguageRule(allowed)] : []),
    ...(origin === "assistant" ? repeats(listedIn(policy)) : []),
  ];
}

/** Of a passage so many letters at its two ends may stand between the places that are kept. */
const UNSEEN = 2 * (STRIDE - 1);

/** Fingerprints of texts, by the rule that lists them: they take a moment, and are the same in every policy. */
const printed = new WeakMap<Policy["listed"][number], Listed>();

/** The texts that answers must not repeat. */
export function listedIn({ listed }: Policy): readonly Listed[] {
  return listed.map((rule) => {
    let known = printed.get(rule);
    if (!known) {
      const { name, texts = [], letters } = rule;
      const most = letters - UNSEEN;
      printed.set(rule, (known = { name, prints: createFingerprints(texts), most }));
    }
    return known;
  });
}

/** For an answer that is there as a whole. */
function repeats(listed: readonly Listed[]): Detector[] {
  if (listed.length === 0) return [];
  return [
    {
      name: "leakage",
      category: "leakage",
      inspect(text) {
        const watch = openLeakageWatch({ listed });
        return watch ? [...watch.push(text), ...watch.end()] : [];
      },
    },
  ];
}

/** What is recognised while an answer arrives, and so never leaves. */
export function ownShapes(origin: Origin, policy: Policy): RuleSet | undefined {
  const topics = topicsFor(origin, policy).filter((topic) => isHeld(topic, origin));
  return topics.length > 0 ? createTopicRules(topics) : undefined;
}

/** Opens what shows only over a stretch of an answer; undefined where there is nothing. */
export function ownWatches(policy: Policy): (() => readonly Watch[]) | undefined {
  const topics = topicsFor("assistant", policy).filter((topic) => !isHeld(topic, "assistant"));
  const openTopics = topics.length > 0 ? createTopicWatches(topics) : undefined;
  const answers = policy.languages?.answers;
  const language = answers && createLanguageRule(answers);
  if (policy.mode === "off" || (!openTopics && !language)) return undefined;
  return () => [
    ...(openTopics ? [openTopics()] : []),
    ...(language ? [openLanguageWatch(language)] : []),
  ];
}

type TopicRule = Policy["topics"][number];

function topicsFor(origin: Origin, { topics }: Policy): TopicRule[] {
  return topics.filter((topic) => origin !== "history" && topic.in.includes(origin));
}

/** In answers, one word that is enough can be held back; several are known when the last of them comes. */
function isHeld({ atLeast }: TopicRule, origin: Origin): boolean {
  return origin === "assistant" && atLeast === 1;
}
