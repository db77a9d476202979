import type { Detector } from "../detector.ts";
import { cardNumber } from "./card-number.ts";
import { injectionPhrases, jailbreakPhrases } from "./override-phrases.ts";
import type { Rule } from "./rule.ts";
import { secretRules } from "./secrets.ts";

/** What looks at whole texts. */
export const ATTACKS: readonly Detector[] = [injectionPhrases, jailbreakPhrases];

/** What is recognised while it arrives, in prompts and inside streams. */
export const LEAKS: readonly Rule[] = [...secretRules, cardNumber];
