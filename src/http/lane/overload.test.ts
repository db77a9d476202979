import { expect, it } from "vitest";
import { Overload } from "../../config/listener.ts";
import { type Load, overloaded, whyShed } from "./overload.ts";

const LIMITS = Overload.parse({ maxCalls: 100, maxBodyMiBInFlight: 10 });
const IDLE: Load = { calls: 0, bodyBytes: 0, heapShare: 0.2, lagMs: 1 };
const MIB = 1024 * 1024;

type Reason = string | undefined;

it.each<[string, Partial<Load>, [Reason?, Reason?, Reason?]]>([
  ["nothing to do", {}, []],
  ["calls at 79 %", { calls: 79 }, []],
  ["calls at 80 %", { calls: 80 }, [undefined, undefined, "calls"]],
  ["calls at 95 %", { calls: 95 }, [undefined, "calls", "calls"]],
  ["all calls", { calls: 100 }, ["calls", "calls", "calls"]],
  ["bodies at 85 %", { bodyBytes: 8.5 * MIB }, [undefined, undefined, "bodies"]],
  ["bodies full", { bodyBytes: 10 * MIB }, ["bodies", "bodies", "bodies"]],
  ["a full heap", { heapShare: 0.95 }, ["heap", "heap", "heap"]],
  ["a filling heap", { heapShare: 0.87 }, [undefined, "heap", "heap"]],
  ["a late loop", { lagMs: 2000 }, ["lag", "lag", "lag"]],
  ["a loop that gets late", { lagMs: 1700 }, [undefined, undefined, "lag"]],
])("sheds low before normal before high: %s", (_name, load, [high, normal, low]) => {
  const ask = (priority: "high" | "normal" | "low") =>
    whyShed({ ...IDLE, ...load }, LIMITS, priority, 1000);
  expect([ask("high"), ask("normal"), ask("low")]).toEqual([high, normal, low]);
});

it("takes a single body that is larger than the limit for all", () => {
  expect(whyShed(IDLE, LIMITS, "low", 16 * MIB)).toBeUndefined();
  expect(whyShed({ ...IDLE, bodyBytes: 1 }, LIMITS, "high", 16 * MIB)).toBe("bodies");
});

it("says when to try again", () => {
  expect(overloaded("heap")).toMatchObject({ status: 429, retryAfterMs: 5000, retryable: true });
});
