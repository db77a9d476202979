import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { read } from "../../api/client.ts";
import type { TraceTree } from "../../../../src/http/trace-schemas.ts";
import type { TreeRun } from "./run-tree.ts";
import { unpackTree } from "./unpack-tree.ts";

/** The first page is small, so that something stands there at once. */
const FIRST = 300;
const REST = 50_000;
const AGAIN_MS = 2500;
/** A trace larger than this is not read again by itself every few seconds. */
const MOST_LIVE = 5000;

export interface LoadedTrace {
  readonly runs: readonly TreeRun[];
  readonly isComplete: boolean;
}

/** Reads a trace page by page and tells after each of them what is there. */
export async function loadTrace(
  id: string,
  told: (trace: LoadedTrace) => void,
  signal: AbortSignal,
): Promise<LoadedTrace> {
  const runs = new Map<string, TreeRun>();
  let cursor: string | null = null;
  for (;;) {
    const limit = String(cursor === null ? FIRST : REST);
    const params = new URLSearchParams({ limit });
    if (cursor !== null) params.set("cursor", cursor);
    const page: TraceTree = await read(
      `/admin/v1/traces/${encodeURIComponent(id)}/tree?${params}`,
      signal,
    );
    for (const run of unpackTree(page)) runs.set(run.id, run);
    cursor = page.next;
    const trace = { runs: [...runs.values()], isComplete: cursor === null };
    told(trace);
    if (cursor === null) return trace;
  }
}

/** A trace as it grows: while it is read for the first time, and as long as runs of it go on. */
export function useTrace(id: string) {
  const client = useQueryClient();
  const [partial, setPartial] = useState<LoadedTrace | null>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    isFirst.current = true;
    setPartial(null);
  }, [id]);
  const query = useQuery({
    queryKey: ["trace", id],
    queryFn: async ({ signal }) => {
      // Read again, a trace is replaced as a whole: half of it would make the tree jump.
      const told = isFirst.current ? setPartial : () => undefined;
      const trace = await loadTrace(id, told, signal);
      isFirst.current = false;
      return trace;
    },
    structuralSharing: false,
    staleTime: 10_000,
    refetchInterval: ({ state: { data } }) => (data && goesOn(data) ? AGAIN_MS : false),
  });
  return {
    trace: query.data ?? partial ?? undefined,
    error: query.error,
    refetch: () => client.invalidateQueries({ queryKey: ["trace", id] }),
  };
}

function goesOn({ runs }: LoadedTrace): boolean {
  return runs.length <= MOST_LIVE && runs.some(({ status }) => status === "pending");
}
