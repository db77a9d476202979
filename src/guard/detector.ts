import type { Origin } from "../core/call.ts";

/** What a guard looks for, in the words of weir.yaml. */
export type Category =
  | "injection"
  | "jailbreak"
  | "exfiltration"
  | "payload"
  | "leakage"
  | "repetition"
  | "harmful"
  | "secrets"
  | "pii"
  | "custom";

/** Where in a text something was seen. Offsets are UTF-16 indexes into the original text. */
export interface Finding {
  readonly detector: string;
  readonly category: Category;
  readonly start: number;
  readonly end: number;
  /** 0 to 1. */
  readonly confidence: number;
  /**
   * The measured share of innocent texts (0 to 1) in which something at least this strong is found:
   * what an operator's false-positive rate is compared with. Absent for shapes and checksums.
   */
  readonly falsePositiveRate?: number;
  readonly evidence?: Evidence;
}

/** What a text said when it was decoded. */
export interface Evidence {
  /** At most 200 characters of it. */
  readonly text: string;
  /** How it was hidden, outermost first: `["base64", "rot13"]`. */
  readonly steps: readonly string[];
}

/**
 * Looks at one whole text. Pure and synchronous: it runs in the request's path, for every text, so
 * its cost on innocent text is what counts. It decides nothing; the policy does.
 */
export interface Detector {
  readonly name: string;
  readonly category: Category;
  /** `origin`: whose text it is; detectors that do not care leave it out. Absent: the user's. */
  inspect(text: string, origin?: Origin): Finding[];
}
