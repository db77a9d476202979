import { type Json, type Reply, numberOf, objectOf, ok, stringOf } from "../call.ts";
import { Refused } from "../kind.ts";

/** One document and how well it answers; the words it shares with the query decide. */
export interface Ranked {
  readonly index: number;
  readonly score: number;
  readonly document: string;
}

/** Ranks the documents of a rerank request, the best first. */
export function rank(body: Json): Ranked[] {
  const { query, documents } = body;
  if (typeof query !== "string" || !Array.isArray(documents))
    throw new Refused(400, "'query' and 'documents' are required");
  const wanted = new Set(query.toLowerCase().split(/\W+/));
  const texts = documents.map((one: unknown) =>
    typeof one === "string" ? one : (stringOf(objectOf(one)["text"]) ?? ""),
  );
  return texts
    .map((document, index) => {
      const words = document.toLowerCase().split(/\W+/);
      const shared = words.filter((word) => wanted.has(word)).length;
      return { index, score: shared / Math.max(words.length, 1), document };
    })
    .toSorted((a, b) => b.score - a.score)
    .slice(0, numberOf(body["top_n"]) ?? texts.length);
}

/** The answer in the shape of Jina and Cohere, which most rerank routes speak. */
export function rerank(body: Json, { withDocuments = true } = {}): Reply {
  const ranked = rank(body);
  const tokens = Math.ceil(JSON.stringify(body).length / 4);
  return ok({
    id: "rerank-mock",
    object: "list",
    model: body["model"],
    usage: { prompt_tokens: tokens, total_tokens: tokens },
    results: ranked.map(({ index, score, document }) => ({
      index,
      ...(withDocuments ? { document: { text: document } } : {}),
      relevance_score: score,
    })),
  });
}
