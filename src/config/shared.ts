import { z } from "zod";
import { duration, environmentVariable } from "./fields.ts";

/** What replicas share. Absent: this process keeps it in memory or in its data folder. */

export const Redis = z
  .strictObject({
    url: z
      .url({ protocol: /^rediss?$/, error: "expected redis://HOST:PORT or rediss://HOST:PORT" })
      .refine((url) => new URL(url).password === "", {
        error:
          "a password has no place in this file: put the URL into a variable and name it in urlEnv",
      })
      .optional()
      .describe("Without a password: this file is no place for one."),
    urlEnv: environmentVariable.optional().describe("The variable that holds the whole URL."),
    prefix: z
      .string()
      .regex(/^[\w:-]+$/)
      .default("weir")
      .describe("Before every key: several Weirs may share one Redis."),
    timeout: duration("100ms").describe("A slower answer counts as none."),
    whenDown: z
      .enum(["refuse", "local"])
      .default("local")
      .describe(
        "While it cannot be asked: refuse calls that have a limit (503), or count them here, each replica for itself, and tell Redis afterwards.",
      ),
  })
  .refine(({ url, urlEnv }) => (url === undefined) !== (urlEnv === undefined), {
    error: "expected one of url and urlEnv",
  })
  .optional()
  .describe("Redis or Valkey: limits, budgets and the answer cache of several replicas.");

export const Postgres = z
  .strictObject({
    urlEnv: environmentVariable.describe(
      "The variable that holds postgres://USER:PASSWORD@HOST/DB.",
    ),
    connections: z.int().min(1).max(100).default(4),
    refresh: duration("1s").describe("How often changes of other replicas are looked for."),
  })
  .optional()
  .describe("PostgreSQL: keys, tenants and sign-ins of several replicas.");
