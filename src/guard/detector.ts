/** What a guard looks for, in the words of weir.yaml. */
export type Category = "injection" | "jailbreak" | "secrets" | "pii";

/** Where in a text something was seen. Offsets are UTF-16 indexes into the original text. */
export interface Finding {
  readonly detector: string;
  readonly category: Category;
  readonly start: number;
  readonly end: number;
  /** 0 to 1. */
  readonly confidence: number;
}

/**
 * Looks at one whole text. Pure and synchronous: it runs in the request's path, for every text, so
 * its cost on innocent text is what counts. It decides nothing; the policy does.
 */
export interface Detector {
  readonly name: string;
  readonly category: Category;
  inspect(text: string): Finding[];
}
