import { useMutation, useQuery } from "@tanstack/react-query";
import type { GuardPolicy, GuardTry } from "../../../src/http/guard-schemas.ts";
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
