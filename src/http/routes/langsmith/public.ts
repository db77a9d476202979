import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { WeirError } from "../../../core/errors.ts";
import type { KeptRun } from "../../../core/run.ts";
import type { Links } from "../../../watch/langsmith/links.ts";
import type { Reader } from "../../../watch/langsmith/beside-runs.ts";
import type { RunReads } from "../../../watch/langsmith/run-reads.ts";
import { searchOf } from "../../../watch/langsmith/run-search.ts";
import { selectOf } from "../../../watch/langsmith/run-view-2.ts";
import type { Share, Shares } from "../../../watch/langsmith/shares.ts";
import type { Traces } from "../../../watch/trace/traces.ts";
import { askedIds, pathId } from "./data-scope.ts";
import { originOf } from "./origin.ts";
import { asked, askedAll, sentFields } from "./scope.ts";

export interface PublicRunNeeds {
  readonly traces: Traces;
  readonly reads: RunReads;
  readonly shares: Shares;
  readonly links: Links;
  readonly now: () => number;
}

interface OfShare {
  Params: { token: string; id?: string };
}

/** What everybody may read who has a share's token, and attachments by their signed links. */
export function publicRunRoutes(app: FastifyInstance, needs: PublicRunNeeds): void {
  const { reads } = needs;
  const root = "/api/v1/public/:token";
  const single = async (request: FastifyRequest<OfShare>) => {
    const { share, reader } = await shareOf(request, needs);
    const kept = await sharedRun(request, share, needs);
    return (await reads.classic([kept], reader, undefined))[0];
  };
  app.get<OfShare>(`${root}/run`, single);
  app.get<OfShare>(`${root}/run/:id`, single);
  app.get<OfShare>(`${root}/runs`, async (request) => {
    const { share, reader } = await shareOf(request, needs);
    const id = askedIds(request, "id");
    const search = searchOf({ ...withinShare(share, {}), id, limit: 1000 });
    return (await reads.page(search, reader, undefined)).runs;
  });
  app.post<OfShare>(`${root}/runs/query`, async (request) => {
    const { share, reader } = await shareOf(request, needs);
    const search = searchOf(withinShare(share, sentFields(request)));
    const { runs, next } = await reads.page(search, reader, undefined);
    return { runs, cursors: { next, prev: null } };
  });
  secondVersion(app, needs);
  app.get("/api/v1/public/attachments", async (request, reply) =>
    attachment(request, reply, needs),
  );
}

function secondVersion(app: FastifyInstance, needs: PublicRunNeeds): void {
  const { reads } = needs;
  app.get<OfShare>("/api/v2/public/:token/run/:id", async (request) => {
    const { share, reader } = await shareOf(request, needs);
    const kept = await sharedRun(request, share, needs);
    const select = selectOf(selectsIn(request));
    return (await reads.second([kept], reader, { select, isSummed: false }))[0];
  });
  app.post<OfShare>("/api/v2/public/:token/runs/query", async (request) => {
    const { share, reader } = await shareOf(request, needs);
    const search = searchOf({ trace: share.traceId, order: "asc", limit: 1000 });
    const select = selectOf(sentFields(request)["selects"]);
    const { runs } = await reads.page2(search, reader, { select, isSummed: false });
    return { items: runs };
  });
}

/** `selects` may be repeated, with or without brackets. */
export function selectsIn(request: FastifyRequest): readonly string[] | undefined {
  const all = [...askedAll(request, "selects"), ...askedAll(request, "selects[]")];
  return all.length === 0 ? undefined : all;
}

/** Whatever is asked for, it stays within the trace that was shared. */
function withinShare({ traceId }: Share, body: Readonly<Record<string, unknown>>) {
  const { session: _session, ...rest } = body;
  return { ...rest, trace: traceId };
}

async function shareOf(
  request: FastifyRequest<OfShare>,
  { shares }: PublicRunNeeds,
): Promise<{ share: Share; reader: Reader }> {
  const share = await shares.byToken(request.params.token);
  if (!share) throw new WeirError("not_found", "Nothing is shared under this token.");
  return { share, reader: { tenantId: share.tenantId, origin: originOf(request) } };
}

async function sharedRun(
  request: FastifyRequest<OfShare>,
  { runId, traceId, tenantId }: Share,
  { reads }: PublicRunNeeds,
): Promise<KeptRun> {
  const id = request.params.id === undefined ? runId : pathId(request, "id");
  const kept = await reads.find(id, tenantId);
  if (kept?.run.traceId === traceId) return kept;
  throw new WeirError("not_found", "There is no such run in what is shared under this token.");
}

/** Types that a browser only shows; others are handed over as a file. */
const SHOWN = /^(image\/(png|jpeg|gif|webp)|audio\/|video\/|text\/plain)/;

async function attachment(
  request: FastifyRequest,
  reply: FastifyReply,
  { links, traces, now }: PublicRunNeeds,
): Promise<FastifyReply> {
  const signed = await links.read(asked(request, "signed") ?? "", now());
  const [kind, runId = "", name = ""] = signed ?? [];
  const found = kind === "attachment" ? await traces.attachment(runId, name) : undefined;
  if (!found) {
    throw new WeirError(
      "not_found",
      "This link is unknown, or its time is over: read the run again for a new one.",
    );
  }
  const { mimeType, bytes } = found;
  const isShown = SHOWN.test(mimeType);
  return reply
    .type(isShown ? mimeType : "application/octet-stream")
    .header("content-disposition", isShown ? "inline" : "attachment")
    .header("x-weir-type", mimeType.replaceAll(/[^\x20-\x7e]/g, "?"))
    .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}
