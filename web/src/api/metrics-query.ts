import { useQuery } from "@tanstack/react-query";

const AGAIN_MS = 10_000;

/** The page that Prometheus reads, as text. Where it is kept for others, there is none. */
export function useMetricsPage() {
  return useQuery({
    queryKey: ["metrics"],
    queryFn: async ({ signal }) => {
      const response = await fetch("/metrics", { signal, headers: { accept: "text/plain" } });
      return response.ok ? response.text() : "";
    },
    refetchInterval: AGAIN_MS,
    retry: false,
  });
}
