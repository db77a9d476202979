import { z } from "zod";
import { WeirError, messageOf } from "../../core/errors.ts";

/** The hub's own address; a mirror speaks the same. */
export const HUB = "https://huggingface.co";

export interface HubOptions {
  readonly endpoint: string;
  readonly token?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Absent: any address may be asked. */
  readonly fetch?: typeof fetch | undefined;
}

export interface HubFile {
  readonly name: string;
  readonly bytes: number;
  /** Of files that the hub keeps as large ones: all weights. */
  readonly sha256: string | undefined;
  readonly url: string;
}

export interface HubModel {
  readonly id: string;
  /** The commit that its files are of. */
  readonly revision: string;
  readonly license: string | undefined;
  readonly files: readonly HubFile[];
}

const Answer = z.looseObject({
  id: z.string(),
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  cardData: z
    .looseObject({ license: z.union([z.string(), z.array(z.string())]).nullish() })
    .nullish(),
  siblings: z.array(
    z.looseObject({
      rfilename: z.string(),
      size: z.number().nullish(),
      lfs: z
        .looseObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size: z.number() })
        .nullish(),
    }),
  ),
});

const ANSWER_MS = 30_000;

/**
 * What a repository has, with sizes and hashes. Throws WeirError: `invalid_request` where there is no such thing or
 * it may not be read, `provider_failed` where the hub does not answer as documented.
 */
export async function askHub(
  id: string,
  { endpoint, token, signal, fetch: ask = fetch }: HubOptions,
  revision = "main",
): Promise<HubModel> {
  const path = `/api/models/${id}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const signals = [AbortSignal.timeout(ANSWER_MS), ...(signal ? [signal] : [])];
  let answer: Response;
  try {
    answer = await ask(new URL(path, endpoint), { headers, signal: AbortSignal.any(signals) });
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof WeirError) throw cause;
    const text = `The hub ${endpoint} cannot be reached: ${messageOf(cause)}. Set HF_ENDPOINT for a mirror.`;
    throw new WeirError("provider_failed", text, { cause });
  }
  if (!answer.ok) throw await refusal(answer, id, token !== undefined);
  const read = Answer.safeParse(await answer.json().catch(() => undefined));
  if (!read.success) {
    throw new WeirError("provider_failed", `The hub ${endpoint} said of ${id} what is no model.`);
  }
  const { sha, cardData, siblings } = read.data;
  const license = cardData?.license;
  return {
    id: read.data.id,
    revision: sha,
    license: Array.isArray(license) ? license.join(", ") : (license ?? undefined),
    files: siblings.map(({ rfilename, size, lfs }) => ({
      name: rfilename,
      bytes: lfs?.size ?? size ?? 0,
      sha256: lfs?.sha256,
      url: new URL(
        `/${id}/resolve/${sha}/${rfilename.split("/").map(encodeURIComponent).join("/")}`,
        endpoint,
      ).href,
    })),
  };
}

/** The hub answers 401 also for what does not exist: it does not tell. */
async function refusal(answer: Response, id: string, hasToken: boolean): Promise<WeirError> {
  const code = answer.headers.get("x-error-code") ?? "";
  await answer.body?.cancel();
  const { status } = answer;
  if (code === "GatedRepo" || status === 403) {
    const text = `${id} is gated: accept its licence on its page, and set HF_TOKEN to a token that may read it.`;
    return new WeirError("invalid_request", text);
  }
  if (status === 401 || status === 404) {
    const hint = hasToken ? "" : " If it is private, set HF_TOKEN.";
    return new WeirError("invalid_request", `There is no ${id} on the hub; check the name.${hint}`);
  }
  return new WeirError("provider_failed", `The hub answers ${status}. Try again later.`);
}

const PART = /-\d{5}-of-\d{5}(?=\.gguf$)/i;
/** What is taken where nothing is said: the usual choice. */
const USUAL = "Q4_K_M";

/**
 * The GGUF files of one quantization: several where the model is split. Throws invalid_request that lists what there
 * is.
 */
export function filesOf({ id, files }: HubModel, wanted?: string): readonly HubFile[] {
  const groups = new Map<string, HubFile[]>();
  for (const file of files) {
    // Projectors of images are no models.
    if (!/\.gguf$/i.test(file.name) || /mmproj/i.test(file.name)) continue;
    const key = file.name.replace(PART, "");
    groups.set(key, [...(groups.get(key) ?? []), file]);
  }
  const names = [...groups.keys()];
  if (names.length === 0) {
    throw new WeirError(
      "invalid_request",
      `${id} has no GGUF file. Look for a repository of that name with -GGUF.`,
    );
  }
  const found = names.filter((name) => isOf(name, wanted ?? USUAL));
  const [only] = found.length > 0 ? found : wanted === undefined && names.length === 1 ? names : [];
  if (only === undefined || found.length > 1) {
    const asked =
      wanted === undefined ? "several" : found.length > 1 ? `several ${wanted}` : `no ${wanted}`;
    throw new WeirError(
      "invalid_request",
      `${id} has ${asked}: ${names.map(quantOf).join(", ")}. Name one, as hf:${id}:${quantOf(names[0] ?? "")}.`,
    );
  }
  return (groups.get(only) ?? []).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

const QUANT = /(?:^|[-._/])((?:iq|q)\d\w*|bf16|f16|f32|mxfp4\w*|tq\d\w*)(?=\.gguf$|[-.])/i;

function quantOf(name: string): string {
  return QUANT.exec(name)?.[1] ?? name;
}

function isOf(name: string, wanted: string): boolean {
  const lower = wanted.toLowerCase();
  return quantOf(name).toLowerCase() === lower || name.toLowerCase() === lower;
}
