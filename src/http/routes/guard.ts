import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { Caller } from "../../core/call.ts";
import type { Authorise } from "../authorise.ts";

const Document = z.strictObject({
  id: z.string().max(200).optional().describe("comes back with what was found"),
  text: z.string(),
});
export const GuardDocumentsBody = z.strictObject({
  documents: z.array(Document).min(1).max(200),
  remember: z
    .boolean()
    .default(false)
    .describe("keep fingerprints of what may go in: other tenants' answers must not repeat it"),
});
type Documents = z.output<typeof GuardDocumentsBody>;

const Action = z.enum(["allow", "flag", "redact", "hold", "block"]);
const Finding = z.object({
  detector: z.string(),
  action: Action,
  start: z.number().describe("UTF-16 offsets into the text as it came"),
  end: z.number(),
  confidence: z.number().describe("0 to 1"),
  falsePositiveRate: z.number().optional(),
});
const Scanned = z.object({
  id: z.string().optional(),
  verdict: Action.describe("the strongest of the findings' actions; do not index what is blocked"),
  findings: z.array(Finding),
  text: z.string().describe("with what is redacted taken out"),
  remembered: z
    .boolean()
    .optional()
    .describe("where it was asked for; not what is blocked, nor a text of less than 24 letters"),
});
export type ScannedDocument = z.input<typeof Scanned>;

export interface GuardNeeds {
  readonly authorise: Authorise;
  /** By the caller's policy; one result a document. Throws guard_failed where nobody could look. */
  readonly scan: (asked: Documents, caller: Caller) => Promise<readonly ScannedDocument[]>;
  readonly maxBodyBytes: number;
}

/** Documents on their way into an index: what stands in them, and what of them may go in. */
export function guardRoutes(app: FastifyInstance, needs: GuardNeeds): void {
  const { authorise, scan, maxBodyBytes } = needs;
  app.post<{ Body: z.output<typeof GuardDocumentsBody> }>(
    "/guard/documents",
    {
      bodyLimit: maxBodyBytes,
      schema: {
        summary: "What the guard sees in documents, before they are indexed",
        tag: "Inference",
        body: GuardDocumentsBody,
        response: { 200: z.object({ documents: z.array(Scanned) }) },
      },
    },
    async (request) => {
      const caller = authorise(request.raw, "inference");
      return { documents: await scan(request.body, caller) };
    },
  );
}
