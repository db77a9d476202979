/** A trace's outline on its way to a browser: columns instead of rows are a quarter of the bytes. */
import type { OutlinePage, RunOutline } from "../../core/run-query.ts";
import type { TraceTree } from "../../http/trace-schemas.ts";

/** The JSON of a `TraceTree`, in memory of its own that may change hands. */
export function treeJson({ runs, next }: OutlinePage): Uint8Array {
  const words = new Map<string, number>();
  const placeOf = (text: string) => {
    const known = words.get(text);
    if (known !== undefined) return known;
    words.set(text, words.size);
    return words.size - 1;
  };
  const word = (text: string | null) => (text === null ? null : placeOf(text));
  const column = <Value>(read: (run: RunOutline) => Value) => runs.map(read);
  const columns = {
    id: column(({ id }) => id),
    parent: column(({ parentId }) => word(parentId)),
    name: column(({ name }) => placeOf(name)),
    type: column(({ type }) => placeOf(type)),
    status: column(({ status }) => placeOf(status)),
    model: column(({ model }) => word(model)),
    at: column(({ at }) => at),
    durationMs: column(({ durationMs }) => durationMs),
    ttftMs: column(({ ttftMs }) => ttftMs),
    costNanos: column(({ costNanos }) => costNanos),
    inputTokens: column(({ inputTokens }) => inputTokens),
    outputTokens: column(({ outputTokens }) => outputTokens),
    isCovered: column(({ isCovered }) => (isCovered ? 1 : 0)),
  };
  const tree: TraceTree = { words: [...words.keys()], columns, next };
  return new TextEncoder().encode(JSON.stringify(tree));
}
