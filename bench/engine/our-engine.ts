import { silentLog } from "../../src/core/log.ts";
import { createEngine } from "../../src/serve/engine/engine.ts";
import type { System } from "./measure.ts";
import { CONTROL_TOKENS } from "./random-model.ts";

export interface Settings {
  readonly file: string;
  readonly slots: number;
  readonly contextTokens: number;
  readonly threads: number;
}

/** Our engine as the gateway uses it: through `createEngine`, the model in its child process. */
export async function startOurEngine(settings: Settings): Promise<System & { pid: () => number }> {
  const engine = createEngine({ name: "bench", ...settings, log: silentLog });
  await engine.start();
  return {
    name: "weir",
    pid: () => engine.stats().pid ?? 0,
    complete: (prompt, tokens, onToken) =>
      new Promise((resolve, reject) => {
        const startedAt = performance.now();
        const tokenAt: number[] = [];
        engine.generate(
          {
            kind: "completion",
            model: "bench",
            prompt,
            echo: false,
            sampling: { temperature: 0, logitBias: NEVER_END },
            maxTokens: tokens,
            stop: [],
            n: 1,
            stream: true,
          },
          {
            events: (events) => {
              if (!events.some(({ type }) => type === "text-delta")) return;
              tokenAt.push(performance.now());
              onToken?.();
            },
            done: () => resolve({ startedAt, tokenAt }),
            failed: reject,
          },
        );
      }),
    close: () => engine.close(),
  };
}

/** Random weights choose the end now and then; a bench must not. */
export const NEVER_END: Record<string, number> = {
  [CONTROL_TOKENS.endOfText]: -100,
  [CONTROL_TOKENS.end]: -100,
};
