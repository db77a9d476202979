import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { CostAdvice, CostForecast, CostReport } from "../../../src/http/cost-schemas.ts";
import { read } from "./client.ts";

/** What everything costs, will cost, and could cost. */

const AGAIN_MS = 60_000;

/** `query` is asked anew each time: most periods end now. */
export function useCosts(key: string, query: () => string) {
  return useQuery({
    queryKey: ["costs", key],
    queryFn: ({ signal }) => read<CostReport>(`/admin/v1/costs?${query()}`, signal),
    refetchInterval: AGAIN_MS,
    placeholderData: keepPreviousData,
  });
}

export function useForecast() {
  return useQuery({
    queryKey: ["cost-forecast"],
    queryFn: ({ signal }) => read<CostForecast>("/admin/v1/costs/forecast", signal),
    refetchInterval: AGAIN_MS,
  });
}

export function useAdvice(key: string, query: () => string) {
  return useQuery({
    queryKey: ["cost-advice", key],
    queryFn: ({ signal }) => read<CostAdvice>(`/admin/v1/costs/advice?${query()}`, signal),
    staleTime: AGAIN_MS,
  });
}
