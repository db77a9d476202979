import { z } from "zod";
import type { TokenLogprob } from "../../chat.ts";

/** Log probabilities as servers with OpenAI's dialect write them. Pure. */

const Entry = z.looseObject({
  token: z.string(),
  logprob: z.number(),
  bytes: z.array(z.number()).nullish(),
});
const ByToken = z.looseObject({
  content: z.array(Entry.extend({ top_logprobs: z.array(Entry).nullish() })),
});
/** Side by side: the older completions' way, and Together's for chats too. */
const Lists = z.looseObject({
  tokens: z.array(z.string()),
  token_logprobs: z.array(z.number().nullish()),
  top_logprobs: z.array(z.record(z.string(), z.number()).nullish()).nullish(),
});

/** The tokens of one choice's `logprobs`; none where it says nothing that is known. */
export function readLogprobs(wire: unknown): TokenLogprob[] {
  if (wire == null) return [];
  const byToken = ByToken.safeParse(wire).data;
  if (byToken) {
    return byToken.content.map(({ top_logprobs: top, ...entry }) => ({
      ...toToken(entry),
      top: (top ?? []).map(toToken),
    }));
  }
  const lists = Lists.safeParse(wire).data;
  if (!lists) return [];
  return lists.tokens.map((token, at) => ({
    // A prompt's first token follows nothing: it has no probability.
    ...toToken({ token, logprob: lists.token_logprobs[at] ?? 0 }),
    top: Object.entries(lists.top_logprobs?.[at] ?? {}).map(([other, logprob]) =>
      toToken({ token: other, logprob }),
    ),
  }));
}

/** Whether they stand side by side, which OpenAI's clients do not know from chats. */
export function areLists(wire: unknown): boolean {
  return typeof wire === "object" && wire !== null && "tokens" in wire;
}

function toToken({ token, logprob, bytes }: z.infer<typeof Entry>) {
  return { token, logprob, bytes: bytes ?? [...Buffer.from(token)] };
}
