import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type {
  GuardApproval,
  GuardDecision,
  GuardPolicy,
  GuardTry,
} from "../../../src/http/guard-schemas.ts";
import { post, read } from "./client.ts";

export interface Trial {
  readonly text: string;
  readonly origin: string;
  /** Absent: the policy in force. */
  readonly policy?: string | undefined;
}

/** The `guard` section of weir.yaml. */
export function useGuardPolicy() {
  return useQuery({
    queryKey: ["guard-policy"],
    queryFn: ({ signal }) => read<GuardPolicy>("/admin/v1/guard", signal),
  });
}

/** Looks at a text as the guard would; nothing is kept of it. */
export function useGuardTrial() {
  return useMutation({
    mutationFn: (trial: Trial) => post<GuardTry>("/admin/v1/guard/try", trial),
  });
}

const REVIEWS = ["guard-approvals"];

/** What waits for a person, and what was decided lately; newest first. */
export function useReviews() {
  return useQuery({
    queryKey: REVIEWS,
    queryFn: async ({ signal }) => {
      const path = "/admin/v1/guard/approvals";
      return (await read<{ approvals: readonly GuardApproval[] }>(path, signal)).approvals;
    },
    refetchInterval: 5000,
  });
}

export function useDecision() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, ...decision }: GuardDecision & { readonly id: string }) =>
      post<GuardApproval>(`/admin/v1/guard/approvals/${encodeURIComponent(id)}`, decision),
    onSettled: () => client.invalidateQueries({ queryKey: REVIEWS }),
  });
}
