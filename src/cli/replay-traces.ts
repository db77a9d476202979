import { readFileSync, readdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { WeirError, messageOf } from "../core/errors.ts";
import type { Terminal, Values } from "./command.ts";
import { request } from "./server-client.ts";

/** A request for traces as LangSmith's SDKs leave it in LANGSMITH_FAILED_TRACES_DIR. */
interface Envelope {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface Replayed {
  readonly file: string;
  /** Null: it was taken. */
  readonly error: string | null;
}

/** What the SDKs leave out: the key is this command's own. */
const HEADERS = new Set(["content-type", "content-encoding"]);

/** Sends what is in a folder, the oldest first; what was taken is deleted where `removes` says so. */
export async function replayFolder(
  folder: string,
  removes: boolean,
  values: Values,
  terminal: Terminal,
): Promise<Replayed[]> {
  const done: Replayed[] = [];
  for (const file of filesOf(folder)) {
    const path = join(folder, file);
    try {
      const { endpoint, headers, body } = readEnvelope(readFileSync(path, "utf8"));
      await request(endpoint, values, terminal, { method: "POST", body, headers });
      if (removes) unlinkSync(path);
      done.push({ file, error: null });
    } catch (cause) {
      done.push({ file, error: messageOf(cause) });
    }
  }
  return done;
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".json"))
      .toSorted();
  } catch (cause) {
    throw new WeirError("invalid_request", `${folder} cannot be read: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/** Throws what is wrong with the file. */
export function readEnvelope(text: string): Envelope {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null) throw new Error("it is no object");
  const { endpoint, headers, body_base64: body } = value as Record<string, unknown>; // checked below
  if (typeof endpoint !== "string" || typeof body !== "string") {
    throw new Error("it has no endpoint or no body_base64: LangSmith's SDKs write both");
  }
  // Some write the path, some the whole address of the server that refused it.
  const [, route] = /(?:^|\/)(runs(?:\/(?:multipart|batch))?)\/?$/.exec(endpoint) ?? [];
  if (route === undefined) throw new Error(`it is for ${endpoint}, which takes no traces`);
  const given = Object.entries(headers ?? {}).filter(([name]) => HEADERS.has(name.toLowerCase()));
  return {
    endpoint: `/${route}`,
    headers: Object.fromEntries(given.map(([name, text]) => [name.toLowerCase(), String(text)])),
    body: Buffer.from(body, "base64"),
  };
}
