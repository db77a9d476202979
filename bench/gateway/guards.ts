import { performance } from "node:perf_hooks";
import { parseConfig } from "../../src/config/load.ts";
import type { ChatEvent, ChatRequest } from "../../src/core/chat.ts";
import { createGate } from "../../src/guard/gate.ts";
import type { Row } from "../report.ts";
import { PROMPT } from "./wrk.ts";

/** What the guard takes by itself: on a long prompt, and on every token of an answer. */

const CALLS = 2_000;
const STREAM_TOKENS = 256;
const STREAMS = 400;

export function measureGuards(): Row[] {
  const gate = createGate(parseConfig("", "bench").guard);
  const prompt = PROMPT.repeat(Math.ceil(2_000 / PROMPT.length)).slice(0, 2_000);
  const request: ChatRequest = {
    kind: "chat",
    model: "chat",
    messages: [{ role: "user", content: prompt }],
    sampling: {},
    stop: [],
    n: 1,
    stream: true,
  };
  const inputs = timed(CALLS, () => gate.inspect(request));
  const words = prompt.split(" ");
  const streams = timed(STREAMS, () => {
    const scan = gate.inspect(request).openOutput();
    for (let token = 0; token < STREAM_TOKENS; token++) {
      const text = `${words[token % words.length] ?? ""} `;
      scan?.push([{ type: "text-delta", index: 0, text } satisfies ChatEvent]);
    }
    scan?.push([{ type: "finish", index: 0, reason: "stop" }]);
  });
  const perToken = streams.map((ms) => (ms * 1000) / STREAM_TOKENS);
  const row = (what: string, value: number, unit: string, most: number): Row => ({
    what,
    value,
    unit,
    target: `≤ ${most} ${unit}`,
    met: value <= most,
  });
  return [
    row("guard on a 2 kB prompt, p95", at(inputs, 0.95), "ms", 1),
    row("stream guard on a token, p50", at(perToken, 0.5), "µs", 2),
    row("stream guard on a token, p99 of streams", at(perToken, 0.99), "µs", 2),
  ];
}

/** Sorted milliseconds; the first half only warms up. */
function timed(rounds: number, act: () => void): number[] {
  const times: number[] = [];
  for (let round = 0; round < rounds * 2; round++) {
    const startedAt = performance.now();
    act();
    if (round >= rounds) times.push(performance.now() - startedAt);
  }
  return times.toSorted((a, b) => a - b);
}

const at = (sorted: readonly number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
