/** What each family of detectors looks for, in a sentence; the exact name wins over its family. */
const MEANINGS: Readonly<Record<string, string>> = {
  "injection.ignore_instructions": "The text tells the model to drop its instructions.",
  "injection.reveal_prompt": "The text asks for the system prompt.",
  "injection.forged_role": "The text pretends to be a message of the system or the model.",
  injection: "The text tries to take over the model's instructions.",
  jailbreak: "The text tries to talk the model out of its rules.",
  secrets: "The text holds something that looks like a key, token or password.",
  "pii.card_number": "The text holds a payment-card number with a valid checksum.",
  pii: "The text holds personal data.",
  system_prompt_leak: "The answer repeats the system prompt.",
};

/** Explains a detector's name, as `secrets.openai_key`; unknown ones get a sentence all the same. */
export function explain(detector: string): string {
  const family = detector.split(".")[0] ?? "";
  const known = [detector, family].find((name) => Object.hasOwn(MEANINGS, name));
  return (known && MEANINGS[known]) ?? "A detector found something that the policy names.";
}
