import { useEffect, useState } from "react";
import type { RunDetail } from "../../../../src/http/trace-schemas.ts";
import { useRun } from "../../api/trace-queries.ts";
import type { TreeRun } from "./run-tree.ts";

/** Stands between a run's id and its stage's. */
const MARK = "/";

/**
 * The stages of this server's own calls as lines below them: guard checks, attempts and the rest. They
 * come with a call's detail, so those of every call that was looked at are there.
 */
export function useStages(selected: string | null): readonly TreeRun[] {
  const { data } = useRun(selected);
  const [known, setKnown] = useState<ReadonlyMap<string, readonly TreeRun[]>>(new Map());
  useEffect(() => {
    if (data && data.spans.length > 0)
      setKnown((before) => new Map(before).set(data.run.id, toStages(data)));
  }, [data]);
  return [...known.values()].flat();
}

export function toStages({ run, spans }: RunDetail): TreeRun[] {
  const roots = new Set(spans.filter(({ parent }) => parent === null).map(({ id }) => id));
  return spans
    .filter(({ id }) => !roots.has(id))
    .map(({ id, parent, kind, name, startMs, durationMs, status }) => ({
      id: run.id + MARK + id,
      parentId: parent === null || roots.has(parent) ? run.id : run.id + MARK + parent,
      name: kind === name ? kind : `${kind}: ${name}`,
      type: kind,
      status: status === "ok" ? "success" : status,
      at: run.at + startMs,
      durationMs,
      ttftMs: null,
      model: null,
      costNanos: null,
      inputTokens: 0,
      outputTokens: 0,
      isCovered: true,
    }));
}

export function isStage({ id }: Pick<TreeRun, "id">): boolean {
  return id.includes(MARK);
}

/** The run whose stage this is; a run's own id as it is. */
export function runOfStage(id: string): string {
  return id.split(MARK)[0] ?? id;
}
