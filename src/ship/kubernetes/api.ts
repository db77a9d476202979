import { z } from "zod";
import { messageOf } from "../../core/errors.ts";
import type { Answered, Asked, Exchange } from "./http-exchange.ts";

/** What an API server refuses with: its own words, and its code. */
export class KubernetesError extends Error {
  override readonly name = "KubernetesError";
  /** 0: no answer came. */
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

export interface ApiNeeds {
  readonly exchange: Exchange;
  readonly pause: (ms: number) => Promise<void>;
}

/** A thin client: what is asked for here is asked again where that may help. */
export interface KubernetesApi {
  get(path: string): Promise<unknown>;
  /** A merge patch. Rejects with a status of 409 where it names a version that is no longer the newest. */
  patch(path: string, body: unknown): Promise<unknown>;
}

const TRIES = 3;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 3000;

/** Rejects with a KubernetesError, and nothing else. */
export function createApi({ exchange, pause }: ApiNeeds): KubernetesApi {
  async function ask(asked: Asked): Promise<unknown> {
    for (let tried = 1; ; tried++) {
      const answer = await exchange(asked).catch((cause: unknown) => new NoAnswer(cause));
      const mayHelp = answer instanceof NoAnswer || answer.status === 429 || answer.status >= 500;
      if (!mayHelp || tried === TRIES) return parsed(answer);
      const growing = FIRST_PAUSE_MS * 2 ** (tried - 1);
      const wished = answer instanceof NoAnswer ? undefined : answer.retryAfterMs;
      await pause(Math.min(LONGEST_PAUSE_MS, wished ?? growing));
    }
  }

  return {
    get: (path) => ask({ method: "GET", path }),
    patch: (path, body) => ask({ method: "PATCH", path, body }),
  };
}

class NoAnswer {
  readonly cause: unknown;

  constructor(cause: unknown) {
    this.cause = cause;
  }
}

/** Kubernetes' own form of an error. */
const Status = z.object({ kind: z.literal("Status"), message: z.string() });

function parsed(answer: Answered | NoAnswer): unknown {
  if (answer instanceof NoAnswer) {
    const reason = messageOf(answer.cause);
    throw new KubernetesError(0, `the API server does not answer: ${reason}`, {
      cause: answer.cause,
    });
  }
  const { status, text } = answer;
  const body = jsonOf(text);
  if (status >= 200 && status < 300 && body !== undefined) return body;
  const said = Status.safeParse(body).data?.message ?? `status ${status}`;
  throw new KubernetesError(status, `the API server says: ${said}${hintFor(status)}`);
}

function hintFor(status: number): string {
  if (status === 401) return ". Is its token valid?";
  return status === 403 ? ". Its role is in the guide: docs/guide/ship/auto-scaling.md" : "";
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
