import { z } from "zod";
import { Access } from "./access.ts";
import { listenerFields } from "./listener.ts";
import { cidr, duration, share } from "./fields.ts";
import { Guard } from "./guard.ts";
import { Library } from "./library.ts";
import { Limits } from "./limits.ts";
import { Traces } from "./traces.ts";
import { Prices } from "./prices.ts";
import { Postgres, Redis } from "./shared.ts";
import { Cache, ModelCache } from "./cache.ts";
import { PromptConfig, Release, SamplingConfig } from "./release.ts";
import { Routing } from "./routing.ts";
import { Scale, scaleFault } from "./scale.ts";
import { TargetConfig } from "./targets.ts";

/** weir.yaml, once: the validator, the defaults, the JSON Schema and the reference page come from here. */

const port = z.int().min(0).max(65_535);

const Server = z.strictObject({
  host: z
    .string()
    .default("127.0.0.1")
    .describe("The address to listen on. Beyond loopback every request still needs a key."),
  port: port.default(8080).describe("0 takes any free port."),
  trustedProxies: z
    .array(cidr)
    .default([])
    .describe(
      "Addresses whose X-Forwarded-For or Forwarded header is believed, as 10.0.0.0/8. From others it is ignored.",
    ),
  maxBodyMiB: z.number().positive().max(1024).default(16).describe("Larger requests get a 413."),
  drain: duration("30s").describe("How long running calls may finish after SIGTERM."),
  ...listenerFields,
  heartbeat: duration("15s").describe("A silent stream gets a comment line this often."),
  progressAfter: duration("10s").describe(
    "A streaming call that still waits for its first content gets its 200 and progress comments.",
  ),
  unknownFields: z
    .enum(["pass", "refuse"])
    .default("pass")
    .describe(
      "Request fields that Weir does not know: handed to upstreams of the same dialect, and named in the x-weir-dropped header where they go no further; or refused with a 400.",
    ),
  resume: z
    .strictObject({
      keep: duration("60s").describe("How long a broken-off stream waits for its client."),
      bufferKiB: z.int().min(16).max(16_384).default(256).describe("Kept of each such stream."),
    })
    .prefault({})
    .describe("Streams whose client asked for it with x-weir-resume: 1 can be taken up again."),
});

const Model = z.strictObject({
  targets: z.array(TargetConfig).min(1, "a model needs at least one target"),
  routing: Routing,
  cache: ModelCache,
  volatileLines: z
    .array(z.string().min(3))
    .default([])
    .describe(
      "How lines of a system prompt begin that differ in each request and mean nothing to a model: they are left out, so that prefix caches work. Those of known coding agents are left out anyway.",
    ),
  shadow: z
    .strictObject({
      target: TargetConfig,
      share: share("100%").describe("Of this model's calls."),
      calls: z.int().min(1).default(16).describe("At most so many at the same time."),
    })
    .optional()
    .describe("Gets copies of calls; its answers are recorded and thrown away."),
  prompt: PromptConfig,
  sampling: SamplingConfig,
  release: Release,
  scale: Scale,
});

/** What concerns targets and their scale together. */
const ScaledModel = Model.superRefine(({ scale, targets }, context) => {
  const message = scaleFault(scale, targets);
  if (message !== undefined) context.addIssue({ code: "custom", path: ["scale"], message });
});

/** Without a file: the built-in model, whose calls cost what a laptop draws. */
const DEMO = {
  provider: "llama",
  file: "demo",
  cost: { gpuHour: "0 USD", watts: 30, perKwh: "0.30 USD" },
};

export const WeirConfig = z.strictObject({
  server: Server.prefault({}),
  responses: z
    .strictObject({
      keep: duration("30d").describe("Stored responses older than that are deleted."),
    })
    .prefault({})
    .describe("What the Responses API remembers."),
  data: z.string().default(".weir").describe("The folder for keys, traces and other state."),
  models: z
    .record(
      z
        .string()
        .regex(/^[\w./:@-]+$/, { error: "a model name has letters, digits and ._/:@- only" }),
      ScaledModel,
    )
    .default({ chat: Model.parse({ targets: [DEMO] }) })
    .describe("The names that clients ask for, and what answers them."),
  library: Library,
  guard: Guard.prefault({}),
  limits: Limits.prefault({}),
  cache: Cache,
  redis: Redis,
  postgres: Postgres,
  access: Access,
  traces: Traces.prefault({}),
  prices: Prices,
});
export type WeirConfig = z.infer<typeof WeirConfig>;

/** The JSON Schema that editors read (`# yaml-language-server: $schema=…`). */
export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(WeirConfig, { io: "input", unrepresentable: "any" });
  return { title: "weir.yaml", ...schema };
}
