/**
 * Writes the typed TypeScript client's types from the server's own OpenAPI document:
 * `npm run client`. A test compares what is committed with what this would write.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "json-schema-to-typescript";
import { parseConfig } from "../../src/config/load.ts";
import { silentLog } from "../../src/core/log.ts";
import { startWeir } from "../../src/weir/weir.ts";

type Schema = Readonly<Record<string, unknown>>;

interface Operation {
  readonly summary: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: "path" | "query";
    readonly required: boolean;
    readonly schema: Schema;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: Schema }>> };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { schema?: Schema }>> }>
  >;
}

export const CLIENT_TYPES = join(import.meta.dirname, "../../src/client/operations.ts");

/** The source text of the client's types. Starts a server on a folder of its own to ask it. */
export async function generate(): Promise<string> {
  const paths = await askServer();
  const operations: Record<string, Schema> = {};
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      operations[`${method.toUpperCase()} ${path}`] = toSchema(operation);
    }
  }
  const whole = {
    title: "Operations",
    description: "Every endpoint: what goes in and what comes out.",
    type: "object" as const,
    properties: operations,
    required: Object.keys(operations),
    additionalProperties: false,
  };
  const text = await compile(whole, "Operations", {
    bannerComment:
      "/** Written by `npm run client` from the server's OpenAPI document. Not by hand. */",
    additionalProperties: false,
    unknownAny: true,
    ignoreMinAndMaxItems: true,
    style: { printWidth: 100 },
  });
  return text;
}

async function askServer(): Promise<Record<string, Record<string, Operation>>> {
  const folder = mkdtempSync(join(tmpdir(), "weir-client-"));
  const config = parseConfig("server: { port: 0 }\nmodels: {}", "client.yaml");
  const settings = {
    config,
    configPath: undefined,
    configText: "",
    folder,
    dataFolder: join(folder, "data"),
    adminKey: "wk-client",
    secret: () => undefined,
  };
  const weir = await startWeir(settings, silentLog);
  try {
    const answer = await fetch(`${weir.url}/openapi.json`);
    const { paths } = (await answer.json()) as {
      paths: Record<string, Record<string, Operation>>;
    }; // our own document
    return paths;
  } finally {
    await weir.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function toSchema({ summary, parameters, requestBody, responses }: Operation): Schema {
  const body = requestBody?.content["application/json"]?.schema;
  const [content] = Object.values(responses["200"]?.content ?? responses["201"]?.content ?? {});
  const parts: Record<string, Schema | undefined> = {
    path: toObject(parameters, "path"),
    query: toObject(parameters, "query"),
    body,
    answer: content?.schema ?? {},
  };
  const present = Object.entries(parts).filter(([, schema]) => schema !== undefined);
  const isOptional = (name: string, schema: Schema | undefined) =>
    name === "query" && (schema?.["required"] as unknown[] | undefined)?.length === 0;
  return {
    description: summary,
    type: "object",
    properties: Object.fromEntries(present),
    required: present.filter(([name, schema]) => !isOptional(name, schema)).map(([name]) => name),
    additionalProperties: false,
  };
}

function toObject(
  parameters: Operation["parameters"],
  place: "path" | "query",
): Schema | undefined {
  const own = parameters.filter((parameter) => parameter.in === place);
  if (own.length === 0) return undefined;
  return {
    type: "object",
    properties: Object.fromEntries(own.map(({ name, schema }) => [name, schema])),
    required: own.filter(({ required }) => required).map(({ name }) => name),
    additionalProperties: false,
  };
}

if (import.meta.main) {
  writeFileSync(CLIENT_TYPES, await generate());
  process.stdout.write(`Wrote ${CLIENT_TYPES}\n`);
}
