import { silentLog } from "../../src/core/log.ts";
import type { AttemptListener } from "../../src/serve/provider.ts";
import { createEngine } from "../../src/serve/engine/engine.ts";
import { quantile } from "./measure.ts";
import type { Row } from "../report.ts";

const ROUNDS = 12;
const CONTEXT_TOKENS = 2048;
const TARGET_MS = 50;

/**
 * How long a cancelled call goes on in the middle of a long prompt: with a single slot, the next call
 * starts when the first has let go.
 */
export async function measureCancel(file: string, threads: number): Promise<Row[]> {
  const settings = { slots: 1, contextTokens: CONTEXT_TOKENS, threads, log: silentLog };
  const engine = createEngine({ name: "bench", file, ...settings });
  await engine.start();
  const waits: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const attempt = engine.generate(request(`${round} ${"x".repeat(1500)}`), NOBODY);
    while (engine.stats().running === 0) await pause(1);
    // Somewhere in the first chunk, a different place each time.
    await pause(60 + 31 * round);
    attempt.cancel();
    waits.push(
      await new Promise<number>((resolve) => {
        engine.generate(request("Hi"), {
          ...NOBODY,
          events: (events) => {
            for (const event of events)
              if (event.type === "usage") resolve(event.timings?.queuedMs ?? NaN);
          },
        });
      }),
    );
  }
  await engine.close();
  const row = (what: string, value: number): Row => ({
    what: `cancel inside a 1,500-token prompt: ${what}`,
    value,
    unit: "ms",
    target: `≤ ${TARGET_MS}`,
    met: value <= TARGET_MS,
  });
  return [row("p50", quantile(waits, 0.5)), row("worst of 12", Math.max(...waits))];
}

const NOBODY: AttemptListener = {
  events: () => undefined,
  done: () => undefined,
  failed: () => undefined,
};

function request(prompt: string) {
  return {
    kind: "completion",
    model: "bench",
    prompt,
    echo: false,
    sampling: { temperature: 0 },
    maxTokens: 1,
    stop: [],
    n: 1,
    stream: true,
  } as const;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
