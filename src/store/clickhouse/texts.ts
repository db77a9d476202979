/** The texts of runs and what came with them, as bytes: by ClickHouse's own binary rows. */
import type { AttachmentPart, RunPayload, RunRecord } from "../../core/run.ts";
import type { Sealing } from "../sealing.ts";
import { listOf, quoted } from "./dialect.ts";
import { dayOf, nextVersion } from "./schema.ts";
import { type ClickHouseServer, inFewDays } from "./server.ts";

interface Texts {
  payload: RunPayload;
  readonly attachments: AttachmentPart[];
}

const DAY_MS = 86_400_000;

/** The payload under no name, attachments under theirs. */
export async function writeTexts(
  server: ClickHouseServer,
  sealing: Sealing,
  records: readonly RunRecord[],
): Promise<void> {
  for (const some of inFewDays(records, ({ run }) => dayOf(run.at))) {
    const head =
      "INSERT INTO run_text (id, name, mime, codec, body, day, version) FORMAT RowBinary\n";
    await server.run(Buffer.concat([Buffer.from(head), ...rowsOf(some, sealing)]));
  }
}

function rowsOf(records: readonly RunRecord[], sealing: Sealing): Buffer[] {
  return records.flatMap(({ run, payload, attachments }) => {
    const whole = run.call === null ? payload : { ...payload, timeline: run.call.timeline };
    const row = (name: string, mime: string, plain: Buffer) =>
      packRow({ id: run.id, name, mime, at: run.at, ...sealing.close(plain) });
    return [
      row("", "", Buffer.from(JSON.stringify(whole))),
      ...attachments.map(({ name, mimeType, base64 }) =>
        row(name, mimeType, Buffer.from(base64, "base64")),
      ),
    ];
  });
}

export async function readTexts(
  server: ClickHouseServer,
  sealing: Sealing,
  runs: readonly { readonly id: string; readonly at: number }[],
): Promise<Map<string, Texts>> {
  const found = new Map<string, Texts>();
  if (runs.length === 0) return found;
  const ids = listOf(runs.map(({ id }) => id));
  const days = listOf([...new Set(runs.map(({ at }) => dayOf(at)))]);
  const bytes = await server.run(
    `SELECT id, name, mime, codec, body FROM run_text FINAL WHERE day IN ${days} AND id IN ${ids} FORMAT RowBinary`,
  );
  for (const { id, name, mime, codec, body } of unpackRows(bytes)) {
    let texts = found.get(id);
    if (!texts) found.set(id, (texts = { payload: {}, attachments: [] }));
    const plain = sealing.open({ codec, body });
    if (name === "") texts.payload = JSON.parse(plain.toString()) as RunPayload; // written by writeTexts
    else texts.attachments.push({ name, mimeType: mime, base64: plain.toString("base64") });
  }
  return found;
}

export async function readAttachment(
  server: ClickHouseServer,
  sealing: Sealing,
  { id, name }: { readonly id: string; readonly name: string },
): Promise<{ mimeType: string; bytes: Uint8Array } | undefined> {
  const bytes = await server.run(
    `SELECT id, name, mime, codec, body FROM run_text FINAL
     WHERE id = ${quoted(id)} AND name = ${quoted(name)} AND name <> '' FORMAT RowBinary`,
  );
  const [row] = unpackRows(bytes);
  return row && { mimeType: row.mime, bytes: sealing.open(row) };
}

interface TextRow {
  readonly id: string;
  readonly name: string;
  readonly mime: string;
  readonly codec: number;
  readonly body: Uint8Array;
}

function packRow({ id, name, mime, codec, body, at }: TextRow & { readonly at: number }): Buffer {
  const tail = Buffer.alloc(10);
  tail.writeUInt16LE(Date.parse(dayOf(at)) / DAY_MS, 0);
  tail.writeBigUInt64LE(BigInt(nextVersion()), 2);
  const texts = [id, name, mime].map((text) => packBytes(Buffer.from(text)));
  return Buffer.concat([...texts, Buffer.from([codec]), packBytes(body), tail]);
}

/** Bytes after their number, seven bits at a time. */
function packBytes(bytes: Uint8Array): Buffer {
  const size: number[] = [];
  let rest = bytes.length;
  while (rest >= 0x80) {
    size.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  size.push(rest);
  return Buffer.concat([Buffer.from(size), bytes]);
}

function* unpackRows(bytes: Buffer): Generator<TextRow> {
  let at = 0;
  const next = (): Buffer => {
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      size += (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    at += size;
    return bytes.subarray(at - size, at);
  };
  while (at < bytes.length) {
    const [id = "", name = "", mime = ""] = [next(), next(), next()].map(String);
    const codec = bytes[at++] ?? 0;
    yield { id, name, mime, codec, body: next() };
  }
}
