import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type {
  TargetAction,
  TargetFacts,
  TargetName,
  TargetTest,
} from "../../../src/http/admin-schemas.ts";
import { post, read } from "./client.ts";

/** An action without the target that it is for. */
export type EngineAction = TargetAction extends infer One
  ? One extends TargetAction
    ? Omit<One, keyof TargetName>
    : never
  : never;

/** An engine is not asked about itself more often than this by itself. */
const FACTS_STALE_MS = 15_000;

/** What an upstream says of itself; asked once, and again when somebody wants to know. */
export function useTargetFacts({ model, target }: TargetName, enabled: boolean) {
  const query = new URLSearchParams({ model, target });
  return useQuery({
    queryKey: ["target-facts", model, target],
    queryFn: ({ signal }) =>
      read<TargetFacts>(`/admin/v1/targets/facts?${query.toString()}`, signal),
    enabled,
    staleTime: FACTS_STALE_MS,
    refetchOnWindowFocus: false,
    retry: false,
  });
}

export function useTargetTest(name: TargetName) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => post<TargetTest>("/admin/v1/targets/test", name),
    // A test may tell that a target has come back, or gone.
    onSettled: () => client.invalidateQueries({ queryKey: ["models"] }),
  });
}

export function useTargetAction(name: TargetName) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (action: EngineAction) => post("/admin/v1/targets/actions", { ...name, ...action }),
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ["target-facts", name.model, name.target] }),
        client.invalidateQueries({ queryKey: ["models"] }),
      ]),
  });
}
