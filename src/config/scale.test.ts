import { expect, it } from "vitest";
import { parseConfig } from "./load.ts";
import { driverOf, isScaled } from "./scale.ts";

const EMBEDDED = "{ provider: llama, file: demo }";
const REMOTE = "{ provider: vllm, url: http://vllm:8000, model: m }";

function parsed(scale: string, targets = EMBEDDED) {
  const text = `models:\n  chat:\n    targets: [${targets}]\n    scale: ${scale}\n`;
  const model = parseConfig(text, "weir.yaml").models["chat"];
  if (!model?.scale) throw new Error("it has no scale");
  return { scale: model.scale, targets: model.targets };
}

it("has defaults for all but the bounds", () => {
  const { scale, targets } = parsed("{ min: 0, max: 4 }");
  expect(scale).toMatchObject({
    policy: "work",
    interval: 10_000,
    idle: { after: 900_000, hold: 60_000 },
    timeZone: "UTC",
  });
  expect(driverOf(scale, targets)).toBe("local");
});

it("takes the driver that the rest calls for", () => {
  const remote = parsed("{ max: 4 }", REMOTE);
  expect(driverOf(remote.scale, remote.targets)).toBe("none");
  const cluster = parsed("{ max: 4, kubernetes: { name: vllm } }", REMOTE);
  expect(driverOf(cluster.scale, cluster.targets)).toBe("kubernetes");
  expect(cluster.scale.kubernetes).toMatchObject({ kind: "Deployment", name: "vllm" });
});

it("is nothing at all where one replica is the fewest and the most", () => {
  expect(isScaled(undefined)).toBe(false);
  expect(isScaled(parsed("{ min: 1, max: 1 }").scale)).toBe(false);
  expect(isScaled(parsed("{ min: 0 }").scale)).toBe(true);
  expect(isScaled(parsed('{ schedule: [{ from: "08:00", to: "18:00", max: 3 }] }').scale)).toBe(
    true,
  );
});

it("reads times of day as minutes, and days by their names", () => {
  const { scale } = parsed(
    '{ max: 2, timeZone: Europe/Berlin, schedule: [{ days: [mon], from: "08:30", to: "00:00", min: 2 }] }',
  );
  expect(scale.schedule).toEqual([{ days: ["mon"], from: 510, to: 0, min: 2 }]);
});

it.each([
  ["{ min: 3, max: 2 }", /line 4: models\.chat\.scale\.min: min is 3, which is more than max, 2/],
  ["{ min: 1.5 }", /scale\.min: expected a whole number/],
  ["{ max: 0 }", /scale\.max/],
  ["{ minimum: 1 }", /unknown key "minimum"/],
  ["{ max: 2, interval: 1m }", /scale\.interval: expected 5s to 15s/],
  ["{ max: 2, policy: magic }", /scale\.policy/],
  ["{ max: 2, policy: qps }", /scale\.target: the qps policy needs a target/],
  [
    "{ max: 2, policy: qps, target: 2, headroom: 0.5 }",
    /scale\.headroom: means nothing to the qps/,
  ],
  ["{ max: 2, target: 2 }", /scale\.target: the work policy learns it/],
  ["{ max: 2, timeZone: Berlin }", /scale\.timeZone: expected a time zone such as Europe\/Berlin/],
  [
    "{ max: 2, schedule: [{ from: 8:00, to: 18:00, min: 2 }] }",
    /schedule\.0\.from: expected a time of day in quotes/,
  ],
  [
    '{ max: 2, schedule: [{ from: "08:00", to: "18:00" }] }',
    /schedule\.0: says neither min nor max/,
  ],
  [
    '{ max: 9, schedule: [{ from: "08:00", to: "18:00", min: 4, max: 3 }] }',
    /schedule\.0\.min: min is 4/,
  ],
  ["{ max: 2, driver: kubernetes }", /scale\.kubernetes: the kubernetes driver needs/],
  ["{ max: 2, driver: local, kubernetes: { name: a } }", /driver is local, which has no use/],
  ["{ max: 2, kubernetes: { name: Vllm } }", /kubernetes\.name: expected a name as Kubernetes/],
  [
    "{ max: 2, kubernetes: { name: a, url: 'https://10.0.0.1' } }",
    /kubernetes\.namespace: an API server elsewhere/,
  ],
])("refuses %s and says why", (scale, message) => {
  expect(() => parsed(scale)).toThrow(message);
});

it("scales one target, beside which there may be fallbacks", () => {
  const spare = "{ provider: openai, model: m, fallback: true }";
  expect(parsed("{ max: 2 }", `${EMBEDDED}, ${spare}`).scale.max).toBe(2);
  expect(() => parsed("{ max: 2 }", `${EMBEDDED}, ${REMOTE}`)).toThrow(
    /scale: only a model with one target beside its fallbacks is scaled, and this one has 2/,
  );
  expect(() => parsed("{ max: 2, driver: local }", REMOTE)).toThrow(
    /the local driver starts embedded engines, and the target's provider is vllm/,
  );
});
