import type { Turn } from "./turns.ts";

/** Somebody is made up for the model to be. */
const MADE_UP =
  /\b(?:you(?:'re| are| will be| shall be)(?: now| from now on)? (?:an? |the )?(?:\w+ ){0,3}(?:named|called|character|persona|version|ai|assistant|bot|expert|agent|entity)\b|(?:pretend|imagine|suppose|act|behave|respond|answer|speak|talk) (?:to be|you are|you're|as|like|that you)\b|let'?s (?:play|role-?play|pretend|imagine)|your (?:new )?(?:name|character|persona|role) (?:is|will be)\b|role-?play(?:ing)? as\b|from now on,? you)/i;
/** Somebody who is bound by nothing that binds the model. */
const FREED =
  /\b(?:(?:(?:has|have|with|knows?|under) (?:absolutely )?no|without|free (?:of|from)|not bound by|ignores?|does(?: not|n't) (?:have|care about|follow)|no longer has) (?:any |all |the |its |his |her |their |your |ethical |moral |safety |content |of ){0,4}(?:rules|restrictions|filters?|limits|limitations|guidelines|ethics|morals|censorship|boundaries|policies)|(?:never|does(?: not|n't)|don't|cannot|can't|won't) (?:ever )?(?:refuses?|declines?|says? no|warns?|lectures?|moraliz\w+|censors?)\b|(?:answers?|says?|tells?|does|can (?:say|do|answer)) (?:absolutely )?(?:anything|everything|any question|every question|whatever (?:is|i|one) ask\w*)|no (?:disclaimers|warnings|moralizing|refusals)|unfiltered|uncensored|amoral)\b/i;
/** It is not to be forgotten, or has been agreed. */
const KEPT =
  /\b(?:stay(?:ing)? in (?:character|role)|remain in character|(?:don't|do not|never) (?:break|leave|drop) (?:the )?(?:character|role|persona)|back (?:in|into|to) (?:character|your role)|remember(?:,| that)? (?:you(?:'re| are)|your (?:role|character|persona))|you (?:agreed|promised|said you would)|keep (?:playing|being|answering as)|still (?:playing|in character)|only (?:as|in) (?:this|the|your) (?:character|role|story|game)|it'?s (?:just|only) (?:a (?:story|game)|fiction|role-?play)|that'?s not (?:how|what) \w+ would)\b/i;

/** Where a turn asks for something a guard scores at least so high. */
const ASKS = 0.3;

/**
 * How much the user's turns build a persona that is to answer what the model would not: made up, freed of
 * rules, held on to, and then asked. Parts of it in one turn are the phrase detectors' matter; here they
 * stand in several. Stories have personas, too: without one that is freed there is nothing. 0 to 1.
 */
export function personaIn(turns: readonly Turn[], scores: readonly number[]): number | undefined {
  const said = turns.filter(({ role }) => role === "user").map(({ text }) => text);
  const madeUp = placesOf(MADE_UP, said);
  const freed = placesOf(FREED, said);
  const kept = placesOf(KEPT, said);
  if (madeUp.length === 0 || freed.length === 0) return undefined;
  if (new Set([...madeUp, ...freed, ...kept]).size < 2) return undefined;
  const begun = Math.min(madeUp[0] ?? 0, freed[0] ?? 0);
  const isAsked = scores.some((score, turn) => turn > begun && score >= ASKS);
  if (kept.length === 0 && !isAsked) return undefined;
  const weight = 0.55 + (kept.length > 0 ? 0.15 : 0) + (isAsked ? 0.2 : 0);
  return Math.min(0.95, weight + 0.05 * Math.min(freed.length - 1, 1));
}

function placesOf(pattern: RegExp, said: readonly string[]): number[] {
  return said.flatMap((text, place) => (pattern.test(text) ? [place] : []));
}
