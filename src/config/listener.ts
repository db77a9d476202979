import { z } from "zod";
import { duration } from "./fields.ts";

/** How the listener behaves: its certificate, and what it does when there is too much. */

const file = z.string().min(1);

export const ListenerTls = z
  .strictObject({
    cert: file.describe("PEM: the certificate, and those between it and its authority."),
    key: file.describe("PEM: its private key."),
    clientCa: file.optional().describe("PEM: the authorities whose clients may come in (mTLS)."),
    clientCerts: z
      .enum(["required", "optional"])
      .default("required")
      .describe("With clientCa: whether a client without a certificate may come in."),
    minVersion: z.enum(["TLSv1.2", "TLSv1.3"]).default("TLSv1.2"),
  })
  .optional()
  .describe("Serves https. Files are relative to this file, and read again when they change.");
export type ListenerTls = NonNullable<z.infer<typeof ListenerTls>>;

export const UpstreamTls = z
  .strictObject({
    ca: file.optional().describe("PEM: trusted in the place of the system's authorities."),
    cert: file.optional().describe("PEM: the certificate shown there (mTLS), with its `key`."),
    key: file.optional(),
    serverName: z.string().min(1).optional().describe("The name that its certificate must have."),
    insecure: z
      .boolean()
      .default(false)
      .describe("Takes any certificate: whoever stands between can read and change everything."),
  })
  .refine(({ cert, key }) => (cert === undefined) === (key === undefined), {
    error: "cert and key go together: name both files, or neither",
  })
  .optional()
  .describe("For https targets. Files are relative to this file, and read again when they change.");
export type UpstreamTls = NonNullable<z.infer<typeof UpstreamTls>>;

export const Overload = z
  .strictObject({
    maxCalls: z.int().min(1).default(10_000).describe("Calls at the same time."),
    maxBodyMiBInFlight: z
      .number()
      .positive()
      .default(512)
      .describe("Request bodies held at the same time, in all."),
    maxHeapPercent: z
      .number()
      .min(10)
      .max(100)
      .default(90)
      .describe("Of the memory that this process may use for objects."),
    maxEventLoopLag: duration("2s").describe("How long work may wait for the processor."),
  })
  .prefault({})
  .describe(
    "Beyond these, calls get 429 and Retry-After before they cost memory: low priority at 80 % of a limit, normal at 95 %, high at 100 %.",
  );
export type Overload = z.infer<typeof Overload>;

/** Fields of `server:` that are about connections and requests. */
export const listenerFields = {
  tls: ListenerTls,
  drainDelay: duration("0s").describe(
    "After SIGTERM: how long /ready says no while calls are still taken, for load balancers to notice.",
  ),
  headerTimeout: duration("30s").describe("How long a request's head may take to arrive."),
  bodyTimeout: duration("120s").describe("How long its body may take in all."),
  bodyIdleTimeout: duration("30s").describe("The longest pause within a body."),
  slowReader: duration("5m").describe(
    "A client that takes nothing of its answer for so long is cut.",
  ),
  maxRequestsPerConnection: z
    .int()
    .min(0)
    .default(0)
    .describe("A connection is closed after so many; 0 means never."),
  timingHeader: z
    .boolean()
    .default(true)
    .describe("Answers say where their time went: server-timing and x-weir-overhead-ms."),
  accessLog: z
    .enum(["auto", "off", "errors", "all"])
    .default("auto")
    .describe(
      "A line of JSON for each request that ended: all, those with 400 and above, or none. auto: errors, and none on a terminal.",
    ),
  workers: z
    .union([z.int().min(1).max(256), z.literal("auto")])
    .default(1)
    .describe(
      "Processes that take calls: one does everything itself, more share the cores. auto: as many as there are cores.",
    ),
  overload: Overload,
} as const;
