import { z } from "zod";
import { environmentVariable } from "./fields.ts";

const Postgres = z
  .strictObject({
    urlEnv: environmentVariable.describe(
      "The variable that holds postgres://USER:PASSWORD@HOST/DB.",
    ),
  })
  .describe("PostgreSQL 14 or later: partitions by day.");

const ClickHouse = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/, error: "expected http://HOST:PORT or https://HOST:PORT" })
      .refine((url) => new URL(url).password === "", {
        error: "a password has no place in this file: name its variable in passwordEnv",
      })
      .describe("Its HTTP interface, as http://clickhouse:8123."),
    database: z
      .string()
      .regex(/^[a-z_][a-z0-9_]{0,62}$/i, {
        error: "a name has letters, digits and _, and begins with no digit",
      })
      .default("weir")
      .describe("Made at the start where it is not there."),
    userEnv: environmentVariable.optional().describe("The variable with the user's name."),
    passwordEnv: environmentVariable.optional(),
  })
  .describe("ClickHouse, by its HTTP interface: partitions by day.");

/** Which database keeps runs. */
export const TraceStore = z
  .union(
    [
      z.literal("sqlite"),
      z.strictObject({ postgres: Postgres }),
      z.strictObject({ clickhouse: ClickHouse }),
    ],
    { error: "expected sqlite, postgres: {…} or clickhouse: {…}" },
  )
  .default("sqlite")
  .describe(
    "Where runs are kept: in the data folder (sqlite), or in a database that several replicas share. Changing it needs a restart.",
  );
export type TraceStore = z.infer<typeof TraceStore>;
