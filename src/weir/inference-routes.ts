import { tenantOf } from "../core/call.ts";
import type { App } from "../http/app.ts";
import type { Authorise } from "../http/authorise.ts";
import { batchRoutes } from "../http/routes/batches.ts";
import { conversationRoutes } from "../http/routes/conversations.ts";
import { fileRoutes } from "../http/routes/files.ts";
import { guardRoutes } from "../http/routes/guard.ts";
import { type MediaPlace, mediaRoutes } from "../http/routes/media.ts";
import { moderationRoutes } from "../http/routes/moderations.ts";
import { rerankRoutes } from "../http/routes/rerank.ts";
import { responseRoutes } from "../http/routes/responses.ts";
import { tokenRoutes } from "../http/routes/tokens.ts";
import { redact } from "../guard/gate.ts";
import { createModerate } from "../guard/moderate.ts";
import type { Batches } from "../serve/batch/batches.ts";
import { forward } from "../serve/gateway/forward.ts";
import { scanDocuments } from "./guard-documents.ts";
import { guardDetectors, harmScores } from "./guard-detectors.ts";
import type { House } from "./house.ts";
import type { Services } from "./services.ts";

type InferenceNeeds = Services & { readonly batches: Batches; readonly authorise: Authorise };

/** The endpoints of models beside generation, which need no fast lane. */
export function registerInferenceRoutes(
  { fastify }: App,
  house: House,
  needs: InferenceNeeds,
): void {
  const { authorise, gateway, sideCalls, responses, conversations, files, batches } = needs;
  const maxBodyBytes = Math.floor(house.live.config.server.maxBodyMiB * 1024 * 1024);
  void fastify.register((routes, _options, ready) => {
    // Before a body is read: strangers' bodies are not.
    routes.addHook("onRequest", async ({ raw }) => void authorise(raw, "inference"));
    responseRoutes(routes, { authorise, responses });
    conversationRoutes(routes, { authorise, conversations });
    fileRoutes(routes, { authorise, files });
    batchRoutes(routes, { authorise, batches });
    rerankRoutes(routes, { authorise, sideCalls, maxBodyBytes });
    tokenRoutes(routes, { authorise, sideCalls, maxBodyBytes });
    moderationRoutes(routes, {
      authorise,
      moderate: createModerate(guardDetectors(), harmScores()),
      maxBodyBytes,
    });
    guardRoutes(routes, { authorise, scan: scanDocuments(house), maxBodyBytes });
    mediaRoutes(routes, {
      authorise,
      forward: (call, context) => forward(call, context, gateway),
      inspect: (text, to) => inspected(text, to, house),
      maxBodyBytes,
    });
    ready();
  });
}

/** A prompt as the guard lets it pass. Throws blocked_by_guard. */
function inspected(text: string, { route, model, caller }: MediaPlace, { live }: House): string {
  const asked = { kind: "completion", model, prompt: text, echo: false } as const;
  const options = { sampling: {}, stop: [], n: 1, stream: false } as const;
  const place = { route, model, tenant: tenantOf(caller) };
  const { request, blocked } = live.gate.inspect({ ...asked, ...options }, place);
  if (blocked) throw blocked;
  const seen = request.kind === "completion" ? request.prompt : text;
  // What is made of it cannot get the originals back.
  return live.config.guard.vault.mode === "on" ? redact(seen) : seen;
}
