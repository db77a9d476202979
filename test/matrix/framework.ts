import { z } from "zod";

/** What every framework must manage. */
export interface Framework {
  readonly name: string;
  plain(): Promise<string>;
  streamed(): Promise<string>;
  /** A loop: the model calls `weather`, gets `RESULT`, and answers. */
  tools(
    isStreamed: boolean,
  ): Promise<{ readonly asked: readonly unknown[]; readonly text: string }>;
  structured(): Promise<unknown>;
}

export const QUESTION = "How is it in Zürich?";
export const RESULT = "Sunny, 21°";
export const PLACE = z.object({ city: z.string(), days: z.number() });
