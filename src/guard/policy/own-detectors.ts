import type { Origin } from "../../core/call.ts";
import type { Detector } from "../detector.ts";
import { LANGUAGE, createLanguageRule, openLanguageWatch } from "../detectors/language.ts";
import { STRIDE, createFingerprints } from "../detectors/fingerprints.ts";
import { type Listed, openLeakageWatch } from "../detectors/leakage.ts";
import { createTopic, createTopicRules, openTopicWatch } from "../detectors/topics.ts";
import type { Watch } from "../stream/answer-watch.ts";
import { both } from "../stream/both-rule-sets.ts";
import type { RuleSet } from "../stream/rule-set.ts";
import type { Policy } from "./policy.ts";
import { silencedBy } from "./silenced.ts";

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
  const own = [
    ...topics.map((topic) => topicOf(topic).detector),
    ...(allowed ? [createLanguageRule(allowed)] : []),
    ...(origin === "assistant" ? repeats(listedIn(policy)) : []),
  ];
  const isSilent = silencedBy(policy.allow);
  return own.filter(({ name }) => !isSilent(name));
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
  const [first, ...others] = topics.map((topic) => topicOf(topic).shapes);
  return first && others.reduce(both, first);
}

/** Opens what shows only over a stretch of an answer; undefined where there is nothing. */
export function ownWatches(policy: Policy): (() => readonly Watch[]) | undefined {
  const topics = topicsFor("assistant", policy).filter((topic) => !isHeld(topic, "assistant"));
  const answers = policy.languages?.answers;
  const isSpoken = answers === undefined || silencedBy(policy.allow)(LANGUAGE);
  const language = isSpoken ? undefined : createLanguageRule(answers);
  if (policy.mode === "off" || (topics.length === 0 && !language)) return undefined;
  return () => [
    ...topics.map((topic) => topicOf(topic).open()),
    ...(language ? [openLanguageWatch(language)] : []),
  ];
}

type TopicRule = Policy["topics"][number];

function topicsFor(origin: Origin, { topics, allow }: Policy): TopicRule[] {
  const isSilent = silencedBy(allow);
  return topics.filter(
    (topic) =>
      origin !== "history" && topic.in.includes(origin) && !isSilent(`custom.${topic.name}`),
  );
}

interface KnownTopic {
  readonly detector: Detector;
  readonly shapes: RuleSet;
  readonly open: () => Watch;
}

/** What looks for a topic, by its rule: long lists take a moment, and are the same in every policy. */
const topics = new WeakMap<TopicRule, KnownTopic>();

function topicOf(rule: TopicRule): KnownTopic {
  let known = topics.get(rule);
  if (!known) {
    const shapes = createTopicRules(rule);
    const open = () => openTopicWatch(rule, shapes);
    topics.set(rule, (known = { detector: createTopic(rule), shapes, open }));
  }
  return known;
}

/** In answers, one word that is enough can be held back; several are known when the last of them comes. */
function isHeld({ atLeast }: TopicRule, origin: Origin): boolean {
  return origin === "assistant" && atLeast === 1;
}
