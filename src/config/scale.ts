import { z } from "zod";
import { duration } from "./fields.ts";
import type { TargetConfig } from "./targets.ts";

/** `scale:` beside a model's targets: how many replicas answer it, and who starts and ends them. */

const MOST = 1000;

const clockTime = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: 'expected a time of day in quotes, as "08:30"' })
  .transform((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3)));

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;

const replicas = z.int("expected a whole number").max(MOST);

const Entry = z
  .strictObject({
    days: z.array(z.enum(DAYS)).default([]).describe("Empty: every day."),
    from: clockTime.describe('Local time in quotes, as `"08:30"`.'),
    to: clockTime.describe("At or before `from`: on the next day."),
    min: replicas.min(0).optional(),
    max: replicas.min(1).optional(),
  })
  .refine(({ min, max }) => min !== undefined || max !== undefined, {
    error: "says neither min nor max",
  });

const kubernetesName = z.string().regex(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/, {
  error: "expected a name as Kubernetes has them: lower-case letters, digits, - and .",
});

const Kubernetes = z.strictObject({
  name: kubernetesName.describe("Of the workload whose replicas these are."),
  kind: z
    .enum(["Deployment", "StatefulSet", "LeaderWorkerSet"])
    .default("Deployment")
    .describe(
      "What it is. Its status is read, and its `scale` subresource written: nothing else of it.",
    ),
  namespace: kubernetesName.optional().describe("Default: the one that this server runs in."),
  url: z
    .url({ protocol: /^https?$/, error: "expected an address such as https://10.0.0.1:6443" })
    .optional()
    .describe(
      "The API server. Default: as the pod's own service account says it. With an address of its own, the token is read from `tokenFile`.",
    ),
  tokenFile: z.string().min(1).optional().describe("Default: the service account's."),
  caFile: z.string().min(1).optional().describe("Default: the service account's."),
});

const Idle = z.strictObject({
  after: duration("15m").describe("So long without a call, and the last replica ends."),
  hold: duration("60s").describe(
    "The longest that calls are held while a replica starts for them; then 503.",
  ),
});

const POLICIES = ["work", "queue", "concurrency", "kv", "qps"] as const;

const Slo = z.strictObject({
  itl: duration("100ms").describe("From token to token, on average."),
});

export const Scale = z
  .strictObject({
    min: replicas
      .min(0)
      .default(1)
      .describe("The fewest replicas. 0: the last one ends when nobody calls (`idle`)."),
    max: replicas.min(1).default(1).describe("The most."),
    policy: z
      .enum(POLICIES)
      .default("work")
      .describe(
        "work: by the work that arrives, and what a replica can do, which is learned meanwhile. queue: by waiting calls. concurrency: by running and waiting calls. kv: by the share of the KV cache in use. qps: by calls a second.",
      ),
    headroom: z
      .number()
      .min(0.1)
      .max(1)
      .optional()
      .describe("work only: a replica gets so much of what it could do; the rest is for bursts."),
    slo: Slo.optional().describe("work only: what a replica must keep. Default: 100ms a token."),
    target: z
      .number()
      .positive()
      .optional()
      .describe(
        "All others: so many waiting calls, calls, calls a second or so much of its cache (0 to 1) for each replica.",
      ),
    interval: duration("10s").describe("How often it is decided, 5s to 15s."),
    idle: Idle.prefault({}).describe("With `min: 0`."),
    schedule: z
      .array(Entry)
      .default([])
      .describe("Other bounds at certain times; the last counts."),
    timeZone: z
      .string()
      .refine(isTimeZone, { error: "expected a time zone such as Europe/Berlin" })
      .default("UTC")
      .describe("Of `schedule`."),
    driver: z
      .enum(["auto", "local", "kubernetes", "none"])
      .default("auto")
      .describe(
        "Who starts and ends replicas. local: engine processes of this server. kubernetes: a workload's scale. none: somebody else, who asks Weir how many (KEDA, HPA). auto: kubernetes where `kubernetes` is set, local for the embedded engine, else none.",
      ),
    kubernetes: Kubernetes.optional(),
  })
  .superRefine((scale, context) => {
    for (const { path, message } of faultsOf(scale))
      context.addIssue({ code: "custom", path: [...path], message });
  })
  .optional()
  .describe("How many replicas answer this model. Absent: as many as `targets` name.");
export type ScaleConfig = NonNullable<z.infer<typeof Scale>>;

interface Fault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

function faultsOf(scale: ScaleConfig): Fault[] {
  const { min, max, schedule, interval } = scale;
  const faults: Fault[] = [];
  if (min > max) faults.push({ path: ["min"], message: tooMuch(min, max) });
  for (const [index, entry] of schedule.entries()) {
    const most = entry.max ?? Math.max(max, entry.min ?? 0);
    if ((entry.min ?? 0) > most)
      faults.push({ path: ["schedule", index, "min"], message: tooMuch(entry.min ?? 0, most) });
  }
  if (interval < 5_000 || interval > 15_000)
    faults.push({ path: ["interval"], message: "expected 5s to 15s" });
  return [...faults, ...driverFaults(scale), ...policyFaults(scale)];
}

function tooMuch(min: number, max: number): string {
  return `min is ${min}, which is more than max, ${max}`;
}

function driverFaults({ driver, kubernetes }: ScaleConfig): Fault[] {
  if (driver === "kubernetes" && !kubernetes)
    return [
      { path: ["kubernetes"], message: "the kubernetes driver needs kubernetes: { name: … }" },
    ];
  if (kubernetes && (driver === "local" || driver === "none"))
    return [{ path: ["kubernetes"], message: `driver is ${driver}, which has no use for it` }];
  if (kubernetes?.url !== undefined && kubernetes.namespace === undefined)
    return [
      { path: ["kubernetes", "namespace"], message: "an API server elsewhere needs a namespace" },
    ];
  return [];
}

/** The work policy learns what a replica can do; the others are told. */
function policyFaults({ policy, target, headroom, slo }: ScaleConfig): Fault[] {
  if (policy === "work")
    return target === undefined
      ? []
      : [{ path: ["target"], message: "the work policy learns it; say headroom instead" }];
  const unused = Object.entries({ headroom, slo }).filter(([, value]) => value !== undefined);
  const faults = unused.map(([name]): Fault => ({
    path: [name],
    message: `means nothing to the ${policy} policy`,
  }));
  if (target !== undefined) return faults;
  const message = `the ${policy} policy needs a target for each replica`;
  return [{ path: ["target"], message }, ...faults];
}

export type DriverName = Exclude<ScaleConfig["driver"], "auto">;

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/** Who starts and ends replicas of a model. */
export function driverOf(scale: ScaleConfig, targets: readonly TargetConfig[]): DriverName {
  if (scale.driver !== "auto") return scale.driver;
  if (scale.kubernetes) return "kubernetes";
  return targets.some(({ provider, fallback }) => provider === "llama" && !fallback)
    ? "local"
    : "none";
}

/** Whether anything is ever started or ended: one replica, always, is what every model has. */
export function isScaled(scale: ScaleConfig | undefined): scale is ScaleConfig {
  if (!scale) return false;
  const { min, max, schedule } = scale;
  return min !== 1 || max !== 1 || schedule.length > 0;
}

/** The most replicas that there can be at any time. */
export function mostOf({ min, max, schedule }: ScaleConfig): number {
  return Math.max(max, min, ...schedule.map((entry) => Math.max(entry.max ?? 0, entry.min ?? 0)));
}

/** What is wrong with scaling these targets; undefined where nothing is. */
export function scaleFault(
  scale: ScaleConfig | undefined,
  targets: readonly TargetConfig[],
): string | undefined {
  if (!isScaled(scale)) return undefined;
  const driver = driverOf(scale, targets);
  if (driver === "none") return undefined;
  const own = targets.filter(({ fallback }) => !fallback);
  const [one] = own;
  if (own.length !== 1 || !one) {
    return `only a model with one target beside its fallbacks is scaled, and this one has ${own.length}`;
  }
  if (driver === "local" && one.provider !== "llama")
    return `the local driver starts embedded engines, and the target's provider is ${one.provider}; say driver: kubernetes, or none`;
  return undefined;
}
