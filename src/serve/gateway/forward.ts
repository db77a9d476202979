import type { Usage } from "../../core/chat.ts";
import { WeirError } from "../../core/errors.ts";
import type { Forwarded } from "../provider.ts";
import type { CallContext, GatewayNeeds, Target } from "./needs.ts";
import type { Router } from "./routing/router.ts";
import { cannot, sideCall } from "./side-call.ts";

/** Where a forwarded answer goes. */
export interface ForwardReply {
  head(status: number, contentType: string): void;
  /** The bytes are overwritten after the call. False: hold until `resume` is called. */
  data(chunk: Buffer): boolean;
  end(): void;
  /** After `head`: the answer broke off. */
  broke(): void;
}

export interface ForwardCall {
  readonly model: string;
  readonly signal: AbortSignal;
  readonly reply: ForwardReply;
  /** The message for a target, with the model's name there. */
  message(model: string): Forwarded;
  /** Hears how to let a held answer go on. */
  onResume(resume: () => void): void;
}

const NO_USAGE: Usage = { inputTokens: 0, outputTokens: 0 };

/**
 * Hands a request on as it came, and its answer back: sound and pictures. Targets are tried until one
 * answers with something else than a fault of its own; nothing is counted but the call. Rejects with
 * a WeirError while nothing was answered.
 */
export async function forward(
  call: ForwardCall,
  context: CallContext,
  needs: GatewayNeeds & { readonly router: Router },
): Promise<void> {
  const { model, signal } = call;
  const ask = (target: Target) => askTarget(target, call);
  await sideCall(
    { model, signal, tokens: undefined, ask, usageOf: () => NO_USAGE },
    context,
    needs,
  );
}

function askTarget({ provider, model }: Target, call: ForwardCall): Promise<void> {
  const { reply, signal } = call;
  return new Promise((resolve, reject) => {
    if (!provider.forward) {
      reject(cannot(provider, "take this request"));
      return;
    }
    let hasBegun = false;
    const sending = provider.forward(call.message(model), {
      head(status, contentType) {
        if (status === 401 || status === 403 || status === 429 || status >= 500 || status < 200) {
          sending.cancel();
          const code = status === 429 ? "rate_limited" : "provider_failed";
          reject(new WeirError(code, `${provider.name} failed (HTTP ${status}).`));
          return;
        }
        hasBegun = true;
        reply.head(status, contentType);
      },
      data(chunk) {
        if (!reply.data(chunk)) sending.pause();
      },
      done() {
        reply.end();
        resolve();
      },
      failed(error) {
        if (hasBegun) reply.broke();
        // What has begun cannot be begun again elsewhere.
        reject(hasBegun ? new WeirError("internal", error.message, { cause: error }) : error);
      },
    });
    call.onResume(() => sending.resume());
    signal.addEventListener("abort", () => {
      sending.cancel();
      reject(new WeirError("client_closed", "The client left before the end."));
    });
  });
}
