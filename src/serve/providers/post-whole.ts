import type { ResponseHead, Transport } from "./transport.ts";

/** Most bytes of an answer that is held whole. */
export const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** Posts and waits for the whole answer, whatever its status. Rejects with the transport's cause. */
export async function postWhole(
  transport: Transport,
  path: string,
  body: string,
  signal: AbortSignal,
): Promise<{ head: ResponseHead; text: string }> {
  signal.throwIfAborted();
  let canceled = (): void => undefined;
  try {
    return await new Promise((resolve, reject) => {
      let head: ResponseHead = { status: 0, contentType: "", retryAfter: undefined };
      let bytes = 0;
      const chunks: Buffer[] = [];
      const sending = transport.post(path, body, {
        head: (first) => (head = first),
        data(chunk) {
          bytes += chunk.length;
          if (bytes > MAX_ANSWER_BYTES) {
            sending.cancel();
            reject(new Error("sent an answer without end"));
          } else chunks.push(Buffer.from(chunk));
        },
        flush: () => undefined,
        end: () => resolve({ head, text: Buffer.concat(chunks).toString() }),
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
