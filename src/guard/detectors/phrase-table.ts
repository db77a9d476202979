import type { Category } from "../detector.ts";

/**
 * Phrases that try to replace a model's instructions. A first line: each is a fixed turn of phrase,
 * so a rewording gets through; the classifiers that learn from attacks stand behind it.
 */
export interface Phrase {
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

export /** What a model is held back by; one of the anchors is in each of them. */
const LIMITS =
  "(?:rules|restrictions?|limitations?|limits|guidelines|filters?|censorship|policies|policy|ethics|ethical|morals?|morality|laws|boundaries|constraints|safeguards|guardrails|safety|programming)";
const LIMIT_ANCHORS = [
  "rules",
  "restriction",
  "limit",
  "guideline",
  "filter",
  "censor",
  "polic",
  "ethic",
  "moral",
  "laws",
  "boundar",
  "constraint",
  "guard",
  "safety",
  "programming",
];
const OF_WHOM =
  "(?:any |all |of |the |its |your |his |her |their |these |those |such |openai'?s? |typical |usual |normal |standard |set |imposed |content |ethical |moral |legal |safety |social |traditional |and |or |, )*";

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
  {
    name: "ignore_what_came_before",
    anchors: ["ignor", "disregard", "forget"],
    category: "injection",
    pattern: new RegExp(
      `\\b(?:ignor(?:e|ing)|disregard|forget)(?: about)? (?:all |everything |anything |any |the |what |whatever |your |these |those |of )*(?:above|before this|previous(?:ly)?|prior|earlier|preceding|you were told|you have been told|your training)\\b(?! (?:e-?mail|message|mail|question|post|comment|typo|line|version|one|${ORDERS})\\b)`,
    ),
    confidence: 0.85,
  },
  {
    name: "extract_prompt",
    anchors: ["prompt", "system message", "instructions", "developer message", "initialization"],
    category: "injection",
    pattern:
      /\b(?:what|which|repeat|print|show|output|reveal|give|tell|list|write|display|summari[sz]e|translate|encode|recite|describe|share)\b.{0,16}\b(?:your|the) (?:system prompt|system message|initial prompt|initial instructions|original instructions|hidden instructions|secret instructions|developer message|pre-?prompt|hidden prompt|internal instructions|initialization)\b/,
    confidence: 0.82,
  },
  {
    name: "repeat_the_above",
    anchors: ["above", "before this", "prior to this", "up to this point", "that came before"],
    category: "injection",
    pattern:
      /\b(?:repeat|print|output|show|echo|return|recite) (?:back )?(?:to me )?(?:all |everything |the |any |of |entire |exact |full )*(?:text|words?|content|message|instructions?|prompt|conversation|paragraphs?|sentences?|lines?|everything)? ?(?:above|before this|prior to this|up to this point|that came before)\b/,
    confidence: 0.8,
  },
  {
    name: "ask_for_secret",
    anchors: ["password", "passphrase", "secret key", "access code", "secret word", "api key"],
    category: "injection",
    pattern:
      /\b(?:what(?: is|'s)|tell|give|reveal|say|share|spell|repeat|leak)\b.{0,25}\b(?:the|your) (?:secret )?(?:password|passphrase|secret key|access code|secret word|api key)\b(?! (?:for|of|to|in|on) (?:my|a|the|an|this|our)\b)/,
    confidence: 0.75,
  },
  {
    name: "new_identity",
    anchors: ["from now on"],
    category: "jailbreak",
    pattern:
      /\bfrom now on,? you (?:are|will be|will act|will respond|will answer|shall|have to)\b/,
    confidence: 0.75,
  },
  {
    name: "unbound",
    anchors: LIMIT_ANCHORS,
    category: "jailbreak",
    pattern: new RegExp(
      `\\b(?:not bound|no longer bound|unbound|not restricted|unrestricted|not limited|not constrained|not subject|freed?|liberated|broken free|exempt) (?:by|from|of|to) ${OF_WHOM}${LIMITS}\\b`,
    ),
    confidence: 0.85,
  },
  {
    name: "has_no_limits",
    anchors: LIMIT_ANCHORS,
    category: "jailbreak",
    pattern: new RegExp(
      `\\b(?:has|have|with|without|zero|knows?) (?:absolutely |literally )?(?:no |zero |any )${OF_WHOM}(?:restrictions?|limitations|guidelines|filters?|censorship|ethics|ethical|morals|morality|boundaries|guardrails|safeguards)\\b`,
    ),
    confidence: 0.8,
  },
  {
    name: "breaks_rules",
    anchors: ["openai", "content polic", "ethic", "moral", "censorship", "legality", "safety"],
    category: "jailbreak",
    pattern: new RegExp(
      `\\b(?:ignor(?:e|es|ing)|bypass(?:es|ing)?|disregard(?:s|ing)?|break(?:s|ing)?|violat(?:e|es|ing)|circumvent(?:s|ing)?|overrides?|does(?: not|n't) (?:follow|care about|obey|have)|do(?: not|n't) (?:follow|care about|obey)|regardless of|despite) ${OF_WHOM}(?:openai|content polic|ethic|moral|censorship|legality|safety (?:rules|guidelines|protocols|filters))`,
    ),
    confidence: 0.85,
  },
  {
    name: "however_illegal",
    anchors: ["legal", "moral", "ethical", "appropriate", "against", "harmful", "dangerous"],
    category: "jailbreak",
    pattern:
      /\b(?:does(?: not|n't)|do not|don't|never) (?:care|worry|think) (?:about|if|whether) .{0,60}\b(?:illegal|unethical|immoral|legal|ethical|moral|harmful|dangerous|inappropriate)\b|\b(?:no matter|regardless of|even if|whether) (?:how |if |it is |it's |they are |something is |that is |what |or not ){0,6}.{0,30}\b(?:illegal|unethical|immoral|legality|amoral|inappropriate|against .{0,20}(?:policy|policies|guidelines))\b/,
    confidence: 0.8,
  },
  {
    name: "uncensored_model",
    anchors: [
      "uncensored",
      "unfiltered",
      "unrestricted",
      "amoral",
      "jailbroken",
      "unethical",
      "limitless",
    ],
    category: "jailbreak",
    pattern:
      /\b(?:uncensored|unfiltered|unrestricted|amoral|jailbroken|unethical|limitless) .{0,25}\b(?:ai|gpt|chatgpt|assistant|chatbot|bot|model|responses?|answers?|output|version|mode|persona|character)\b/,
    confidence: 0.8,
  },
  {
    name: "must_not_refuse",
    anchors: ["refus", "declin", "reject"],
    category: "jailbreak",
    pattern:
      /\b(?:never|do not|don't|cannot|can't|will not|won't|must not|may not) (?:ever )?(?:refuses?|declines?|rejects?) (?:to answer|to do|to respond|any|a |an |my |anything|requests?|what|this)/,
    confidence: 0.8,
  },
];
