/** Heads of a model that finds attacks, in the order of its file. */
export const ATTACK_HEADS = ["injection_user", "injection_document", "jailbreak"] as const;

/** What each looks at, in sentences: in a document one is enough, a user's text makes sense in two. */
export const ATTACK_WINDOWS: readonly (readonly number[])[] = [
  [2, 6],
  [1, 2, 6],
  [2, 6],
];

/** Heads that a text from a user, or from a document or tool, is shown to. */
export const HEADS_FOR = { user: [0, 2], document: [1] } as const;

export type Surface = keyof typeof HEADS_FOR;
export type AttackLabel = "injection" | "jailbreak" | "benign";

/**
 * What each head learns from a row. Injection and jailbreak overlap in a user's text, so neither is a
 * counter-example of the other; in a document an order to the model is an injection, whatever it asks.
 */
export function attackTargets(label: AttackLabel): (boolean | undefined)[] {
  return [
    label === "jailbreak" ? undefined : label === "injection",
    label !== "benign",
    label === "injection" ? undefined : label === "jailbreak",
  ];
}
