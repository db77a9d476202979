import type { PoolClient } from "pg";
import type { AttachmentPart, RunPayload } from "../../../core/run.ts";
import type { Sealing } from "../../sealing.ts";

interface Texts {
  payload: RunPayload;
  readonly attachments: AttachmentPart[];
}

interface TextRow {
  readonly id: string;
  readonly name: string;
  readonly mime: string | null;
  readonly codec: number;
  readonly body: Buffer;
}

/** The texts of these runs, and the bytes that came with them. */
export async function readTexts(
  client: PoolClient,
  sealing: Sealing,
  runs: readonly { readonly id: string; readonly at: number }[],
): Promise<Map<string, Texts>> {
  const found = new Map<string, Texts>();
  if (runs.length === 0) return found;
  const times = runs.map(({ at }) => at);
  const { rows } = await client.query<TextRow>(
    `SELECT id, name, mime, codec, body FROM weir.run_text
     WHERE id = ANY($1::uuid[]) AND at >= $2 AND at <= $3`,
    [runs.map(({ id }) => id), Math.min(...times), Math.max(...times)],
  );
  for (const { id, name, mime, codec, body } of rows) {
    let texts = found.get(id);
    if (!texts) found.set(id, (texts = { payload: {}, attachments: [] }));
    const plain = sealing.open({ codec, body });
    if (name === "") texts.payload = JSON.parse(plain.toString()) as RunPayload; // written by the run writer
    else texts.attachments.push({ name, mimeType: mime ?? "", base64: plain.toString("base64") });
  }
  return found;
}
