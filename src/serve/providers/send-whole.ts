import type { Outgoing, ResponseHead, Transport } from "./transport.ts";

/** Most bytes of an answer that is held whole. */
export const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

export interface WholeAnswer {
  readonly head: ResponseHead;
  readonly bytes: Buffer;
}

/** Sends and waits for the whole answer, whatever its status. Rejects with the transport's cause. */
export async function sendWhole(
  transport: Transport,
  message: Outgoing,
  signal: AbortSignal,
): Promise<WholeAnswer> {
  signal.throwIfAborted();
  let canceled = (): void => undefined;
  try {
    return await new Promise((resolve, reject) => {
      let head: ResponseHead = { status: 0, contentType: "", retryAfter: undefined };
      let size = 0;
      const chunks: Buffer[] = [];
      const sending = transport.send(message, {
        head: (first) => (head = first),
        data(chunk) {
          size += chunk.length;
          if (size > MAX_ANSWER_BYTES) {
            sending.cancel();
            reject(new Error("sent an answer without end"));
          } else chunks.push(Buffer.from(chunk));
        },
        flush: () => undefined,
        end: () => resolve({ head, bytes: Buffer.concat(chunks) }),
        failed: reject,
      });
      canceled = () => {
        sending.cancel();
        reject(signal.reason);
      };
      signal.addEventListener("abort", canceled);
    });
  } finally {
    signal.removeEventListener("abort", canceled);
  }
}
