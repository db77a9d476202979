import type { Category, Detector, Finding } from "../detector.ts";
import { type Reading, placeOf, readingsOf } from "../normalize/readings.ts";
import { createLiteralFinder } from "./literal-finder.ts";

/**
 * Phrases that try to replace a model's instructions. A first line: each is a fixed turn of phrase,
 * so a rewording gets through; the classifiers that learn from attacks stand behind it.
 */
interface Phrase {
  readonly name: string;
  readonly category: Category;
  /** One of these is in every match: a search for a literal is far cheaper than the pattern. */
  readonly anchors: readonly string[];
  readonly pattern: RegExp;
  readonly confidence: number;
}

const EARLIER =
  "(?:all |any |every |of |the |your |my |these |those |this |previous |prior |above |earlier |preceding |existing |original |system |initial |former |foregoing )*";
const ORDERS =
  "(?:instructions?|prompts?|directions?|directives?|rules|guidelines|guidance|orders|commands?|constraints|restrictions|programming|context)";

export const PHRASES: readonly Phrase[] = [
  {
    name: "ignore_instructions",
    anchors: [
      "ignor",
      "disregard",
      "forget",
      "overrid",
      "overrul",
      "bypass",
      "discard",
      "neglect",
      "skip",
    ],
    category: "injection",
    pattern: new RegExp(
      `\\b(?:ignore|disregard|forget|override|overrule|bypass|discard|neglect|skip) (?:about )?${EARLIER}(?<=all |any |the |your |these |those |this |previous |prior |above |earlier |preceding |existing |original |system |initial |former |foregoing )${ORDERS}\\b`,
    ),
    confidence: 0.95,
  },
  {
    name: "ignore_everything_above",
    anchors: ["ignore ", "disregard ", "forget "],
    category: "injection",
    pattern:
      /\b(?:ignore|disregard|forget) (?:everything|anything|all)(?: (?:that )?(?:was |is |i |you )?(?:written|said|told|stated|given|know|were told|have been told|above|before|prior|previously|until now|so far)){1,4}\b/,
    confidence: 0.9,
  },
  {
    name: "do_not_follow_instructions",
    anchors: ["follow", "obey", "adher", "comply", "listen"],
    category: "injection",
    pattern: new RegExp(
      `\\b(?:do not|don'?t|stop|no longer|never) (?:follow(?:ing)?|obey(?:ing)?|adher(?:e|ing) to|comply(?:ing)? with|listen(?:ing)? to) ${EARLIER}(?<=the |your |these |those |previous |prior |above |earlier |original |system |initial )${ORDERS}\\b`,
    ),
    confidence: 0.85,
  },
  {
    name: "new_instructions",
    anchors: ["here are", "these are", "follow ", "obey ", "your new", "your real", "your true"],
    category: "injection",
    pattern:
      /\b(?:here are|these are|follow|obey) (?:your |my |the )?(?:new|updated|real|actual|true) (?:instructions|rules|directives|orders|system prompt)\b|\byour (?:new|real|true) (?:instructions|task|purpose|goal|role) (?:is|are) (?:now )?to\b/,
    confidence: 0.85,
  },
  {
    name: "reveal_prompt",
    anchors: ["prompt", "instructions", "system message", "directives"],
    category: "injection",
    pattern:
      /\b(?:reveal|repeat|print|show|output|display|leak|tell|give|recite|disclose|dump|expose|write out)(?: to)?(?: me| us)?(?: out)? (?:(?:all|the|your|exact|full|entire|whole|hidden|secret|initial|original|complete|verbatim|text|contents?|of) ){0,8}(?<=your |hidden |secret |initial |original )(?:system |hidden |secret |initial |original ){0,4}(?:prompt|instructions|system message|directives)\b/,
    confidence: 0.85,
  },
  {
    name: "forged_role",
    anchors: ["<|", "[inst", "[/inst", "<<sys", "<</sys", "##"],
    category: "injection",
    pattern:
      /<\|(?:im_start|im_end|system|start_header_id|eot_id|end_of_turn|start_of_turn)\|?>|\[\/?inst\]|<<\/?sys>>|(?:^|\n| )#{2,} ?(?:system|new instructions?) ?(?:prompt|message)?:/,
    confidence: 0.9,
  },
  {
    name: "system_override",
    anchors: ["overrid"],
    category: "injection",
    pattern:
      /\b(?:system|admin|administrator|developer|security) (?:override|overrides)\b[ :!.]|\boverride (?:your |the |all )?(?:system|safety|security) (?:prompt|settings|protocols?|instructions|filters?)\b/,
    confidence: 0.85,
  },
  {
    name: "unrestricted_persona",
    anchors: [
      " dan",
      "anything now",
      "unrestricted",
      "uncensored",
      "unfiltered",
      "amoral",
      "jailbroken",
      "unlimited",
      " evil ",
      " stan",
      " dude",
      " aim",
    ],
    category: "jailbreak",
    pattern:
      /\b(?:you are|you're|act as|be|become|pretend (?:to be|you are)|roleplay as|play) (?:now |going to be |going to act as ){0,3}(?:an? )?(?:dan\b|do anything now|stan\b|dude\b|aim\b|evil (?:confidant|ai|bot)|(?:unrestricted|uncensored|unfiltered|amoral|jailbroken|unlimited) (?:ai|assistant|chatbot|model|language model|bot|version))/,
    confidence: 0.92,
  },
  {
    name: "do_anything_now",
    anchors: ["anything now", " mode", "jailbroken"],
    category: "jailbreak",
    pattern:
      /\bdo anything now\b|\bdan mode\b|\b(?:developer|god|jailbreak|unrestricted|sudo) mode (?:is )?(?:now )?(?:enabled|activated|on)\b|\benable (?:developer|god|jailbreak|dan|unrestricted) mode\b|\bjailbroken\b.{0,40}\b(?:respond|answer|reply)/,
    confidence: 0.9,
  },
  {
    name: "no_limits",
    anchors: [
      "guideline",
      "restriction",
      "filter",
      "constraint",
      "limit",
      "polic",
      "guardrail",
      "consideration",
    ],
    category: "jailbreak",
    pattern:
      /\b(?:without|free (?:of|from)|no longer bound by|not bound by|unbound by|no) (?:any |all |your |the |its )*(?:ethical|moral|safety|content|openai(?:'s)?|legal)(?: (?:and|or|and\/or|,) (?:ethical|moral|safety|content|legal))* (?:guidelines|restrictions|filters?|constraints|limits|limitations|policies|policy|guardrails|considerations)\b/,
    confidence: 0.85,
  },
  {
    name: "never_refuse",
    anchors: [
      "refuse",
      "decline",
      "reject",
      "say no",
      "sorry",
      "cannot",
      "can't",
      "cant",
      "as an ai",
    ],
    category: "jailbreak",
    pattern:
      /\b(?:you (?:must|will|should|can|may)|must) (?:never|not) (?:refuse|decline|say no to|reject) (?:any|a|my|to answer|to|the)\b|\bnever (?:say|respond with|reply with) ["']?(?:i'?m sorry|i can(?:not|'?t)|as an ai)/,
    confidence: 0.82,
  },
];

const FINDER = createLiteralFinder(PHRASES.flatMap(({ anchors }) => anchors));
/** Which phrase each of the finder's literals belongs to. */
const OWNERS = PHRASES.flatMap((phrase) => phrase.anchors.map(() => phrase));

function phraseDetector(category: Category): Detector {
  return {
    name: category,
    category,
    inspect(text) {
      const findings = new Map<string, Finding>();
      for (const reading of readingsOf(text)) {
        for (const { name, pattern, confidence } of worthTrying(reading, category)) {
          const detector = `${category}.${name}`;
          if (findings.has(detector)) continue;
          const hit = pattern.exec(reading.text);
          if (!hit) continue;
          const place = placeOf(reading, hit.index, hit.index + hit[0].length);
          findings.set(detector, { detector, category, confidence, ...place });
        }
      }
      return [...findings.values()];
    },
  };
}

/** The phrases of which an anchor is there. One pass serves the detectors of both categories. */
function worthTrying(reading: Reading, category: Category): Phrase[] {
  let phrases = anchored.get(reading);
  if (!phrases) {
    const owners = new Set<Phrase>();
    FINDER.each(reading.text, (literal) => {
      const owner = OWNERS[literal];
      if (owner) owners.add(owner);
    });
    phrases = [...owners];
    anchored.set(reading, phrases);
  }
  return phrases.filter((phrase) => phrase.category === category);
}

/** Readings live as long as the detectors look at one text. */
const anchored = new WeakMap<Reading, readonly Phrase[]>();

export const injectionPhrases: Detector = phraseDetector("injection");
export const jailbreakPhrases: Detector = phraseDetector("jailbreak");
