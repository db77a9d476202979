/**
 * What the Python SDK puts on the wire, byte for byte as its 0.14.0 was seen to: bodies, part headers
 * and request headers, with everything in them that a server may stumble over.
 */
import { randomUUID } from "node:crypto";
import { zstdCompressSync } from "node:zlib";

export interface PythonPart {
  readonly name: string;
  readonly value: unknown;
  /** For attachments; JSON otherwise. */
  readonly type?: string;
  /** An attachment read from a file says its length in its type, as the JS SDK does. */
  readonly isFile?: boolean;
}

export interface PythonRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer<ArrayBuffer>;
}

const HEADERS = { "user-agent": "langsmith-py/0.14.0-httpx2", accept: "application/json" };

/** A multipart body: zstd once its compressing thread runs, plain before that. */
export function pythonMultipart(
  parts: readonly PythonPart[],
  { zstd = true }: { readonly zstd?: boolean } = {},
): PythonRequest {
  const boundary = randomUUID().replaceAll("-", "");
  const plain = Buffer.concat([
    ...parts.flatMap((part) => partBytes(part, boundary)),
    Buffer.from(`--${boundary}--\r\n`),
  ]);
  const headers = { ...HEADERS, "content-type": `multipart/form-data; boundary=${boundary}` };
  if (!zstd) return { path: "/runs/multipart", headers, body: plain };
  const body = zstdCompressSync(plain);
  // The size before counts what is in the parts, not their boundaries.
  const payload = parts.reduce((sum, { value }) => sum + contentOf(value).length, 0);
  return {
    path: "/runs/multipart",
    headers: {
      ...headers,
      "content-encoding": "zstd",
      "x-pre-compressed-size": String(payload),
      "x-post-compressed-size": String(body.length),
    },
    body,
  };
}

function partBytes({ name, value, type = "application/json", isFile }: PythonPart, mark: string) {
  const content = contentOf(value);
  const head = [
    `--${mark}`,
    `Content-Disposition: form-data; name="${name}"`,
    isFile
      ? `Content-Type: ${type}; length=${content.length}`
      : `Content-Type: ${type}\r\nContent-Length: ${content.length}`,
    "\r\n",
  ];
  return [Buffer.from(head.join("\r\n")), content, Buffer.from("\r\n")];
}

function contentOf(value: unknown): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value));
}

export interface PythonRun {
  readonly id: string;
  readonly name?: string;
  readonly type?: string;
  readonly start: Date;
  readonly parents?: readonly { readonly id: string; readonly start: Date }[];
  readonly project?: string;
  readonly tags?: readonly string[];
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** `2026-11-23T10:37:18.123000+00:00`: microseconds, and an offset in the place of Z. */
export function pythonTime(date: Date): string {
  return date.toISOString().replace("Z", "000+00:00");
}

/** `20261123T103718123000Z{id}`, joined by dots, root first. */
export function dottedOrder(chain: readonly { readonly id: string; readonly start: Date }[]) {
  return chain
    .map(({ id, start }) => `${start.toISOString().replaceAll(/[-:.Z]/g, "")}000Z${id}`)
    .join(".");
}

/** A run at its start: with outputs and events, which are empty. */
export function pythonPost(run: PythonRun, inputs: unknown): PythonPart[] {
  return [
    { name: `post.${run.id}`, value: { ...fieldsOf(run), end_time: null, error: null } },
    { name: `post.${run.id}.inputs`, value: inputs },
    { name: `post.${run.id}.outputs`, value: {} },
    { name: `post.${run.id}.events`, value: [] },
    { name: `post.${run.id}.extra`, value: extraOf(run) },
  ];
}

/** A run at its end: with nulls where it says nothing, and no inputs. */
export function pythonPatch(
  run: PythonRun,
  end: Date,
  more: { readonly outputs?: unknown; readonly error?: string; readonly extra?: unknown } = {},
): PythonPart[] {
  const { session_name: _, ...fields } = fieldsOf(run);
  const value = {
    ...fields,
    parent_run_id: fields.parent_run_id,
    session_id: null,
    reference_example_id: null,
    attachments: null,
    session_name: run.project ?? "default",
    end_time: pythonTime(end),
  };
  return [
    { name: `patch.${run.id}`, value },
    { name: `patch.${run.id}.outputs`, value: more.outputs ?? {} },
    { name: `patch.${run.id}.events`, value: [] },
    { name: `patch.${run.id}.extra`, value: more.extra ?? extraOf(run) },
    ...(more.error === undefined ? [] : [{ name: `patch.${run.id}.error`, value: more.error }]),
  ];
}

function fieldsOf({ id, name = "run", type = "chain", start, parents = [], ...run }: PythonRun) {
  return {
    id,
    name,
    run_type: type,
    start_time: pythonTime(start),
    trace_id: parents[0]?.id ?? id,
    dotted_order: dottedOrder([...parents, { id, start }]),
    parent_run_id: parents.at(-1)?.id ?? null,
    session_name: run.project ?? "default",
    tags: run.tags ?? [],
  };
}

function extraOf({ metadata = {} }: PythonRun) {
  return {
    metadata: { ...metadata, LANGSMITH_TRACING: "true", revision_id: "v1-dirty" },
    runtime: {
      sdk: "langsmith-py",
      sdk_version: "0.14.0",
      library: "langsmith",
      runtime: "python",
      runtime_version: "3.13.5",
      langchain_version: null,
      platform: "Linux-6.1.0-x86_64-with-glibc2.36",
    },
  };
}
