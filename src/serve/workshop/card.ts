import { formatBytes } from "../../gguf/format-bytes.ts";
import type { Measured, MeasureOptions } from "./measure-file.ts";
import { type Bounds, withinOf } from "./optimize.ts";

export interface CardOf {
  /** What the file is called. */
  readonly title: string;
  readonly original: { readonly name: string; readonly bytes: number };
  readonly chosen: Measured;
  readonly tried: readonly Measured[];
  readonly bounds: Bounds;
  readonly options: MeasureOptions;
}

/** What was chosen, why, and what else was tried: Markdown that goes with the file. */
export function cardOf({ title, original, chosen, tried, bounds, options }: CardOf): string {
  const { name, quality, speed } = chosen;
  const { against } = quality;
  return `# ${title}

${name}, made from \`${original.name}\` (${formatBytes(original.bytes)}): the smallest type ${withinOf(bounds)}.

- size ${formatBytes(speed.fileBytes)}, memory ${formatBytes(speed.peakBytes)} with a prompt of ${speed.promptTokens} tokens
- first token after ${speed.firstTokenMs.toFixed(0)} ms, then ${speed.tokensPerSecond.toFixed(1)} tokens/s, on ${options.threads} threads
- perplexity ${quality.perplexity.toFixed(3)} (original ${(against?.originalPerplexity ?? 0).toFixed(3)}), divergence ${(against?.divergence ?? 0).toFixed(5)} ± ${(against?.divergenceError ?? 0).toFixed(5)} nats a token, the same choice at ${share(against?.sameTop ?? 0)} of ${quality.tokens} tokens

Tried, on one text of ${options.text.length} characters in windows of ${quality.windowTokens} tokens:

| type | size | memory | first token | tokens/s | perplexity | divergence | same choice |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${tried.map(lineOf).join("\n")}
`;
}

function lineOf({ name, speed, quality, divergence }: Measured): string {
  const cells = [
    name,
    formatBytes(speed.fileBytes),
    formatBytes(speed.peakBytes),
    `${speed.firstTokenMs.toFixed(0)} ms`,
    speed.tokensPerSecond.toFixed(1),
    quality.perplexity.toFixed(3),
    divergence.toFixed(5),
    share(quality.against?.sameTop ?? 1),
  ];
  return `| ${cells.join(" | ")} |`;
}

function share(value: number): string {
  return `${(value * 100).toFixed(1)} %`;
}
