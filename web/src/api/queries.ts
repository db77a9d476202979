import {
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import type { Session } from "../../../src/http/access-schemas.ts";
import type { CallDetail, CallList, ModelList, Overview } from "../../../src/http/admin-schemas.ts";
import { toQuery, type CallFilter } from "../pages/calls/call-filter.ts";
import { ApiError } from "./api-error.ts";
import { post, read } from "./client.ts";

export type WindowName = Overview["window"];
export type SessionFacts = Session;

/** Wrong requests stay wrong; only a silent or failing server is asked again. */
export function shouldRetry(failures: number, error: Error): boolean {
  return (
    failures < 2 && (!(error instanceof ApiError) || error.status === 0 || error.status >= 500)
  );
}

/** Who is signed in; null when nobody is. */
export function useSession() {
  return useQuery({
    queryKey: ["session"],
    queryFn: ({ signal }) => readSession(signal),
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });
}

async function readSession(signal: AbortSignal): Promise<SessionFacts | null> {
  try {
    return await read<SessionFacts>("/admin/v1/session", signal);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

export function useSignIn() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (key: string) => post<void>("/admin/v1/session", { key }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["session"] }),
  });
}

export function useSignOut(onDone: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => post<{ url: string | null }>("/auth/logout", {}),
    onSuccess: ({ url }) => {
      // Signed in by way of a provider: one signs out there too.
      if (url !== null) location.assign(url);
      onDone();
      client.setQueryData(["session"], null);
      client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== "session" });
    },
  });
}

/** How often a window's figures are worth asking for again: at each bucket, within reason. */
const REFRESH_MS: Record<WindowName, number> = {
  "15m": 5000,
  "1h": 10_000,
  "6h": 30_000,
  "24h": 60_000,
  "7d": 120_000,
  "30d": 300_000,
};

export function useOverview(window: WindowName) {
  return useQuery({
    queryKey: ["overview", window],
    queryFn: ({ signal }) => read<Overview>(`/admin/v1/overview?window=${window}`, signal),
    refetchInterval: REFRESH_MS[window],
    placeholderData: keepPreviousData,
  });
}

/** The figures of this moment, every two seconds. */
export function useLive() {
  return useQuery({
    queryKey: ["overview", "live"],
    queryFn: ({ signal }) => read<Overview>("/admin/v1/overview?window=15m", signal),
    select: (overview) => overview.live,
    structuralSharing: false,
    refetchInterval: 2000,
  });
}

export function useCalls(filter: CallFilter, live: boolean) {
  return useInfiniteQuery({
    queryKey: ["calls", filter],
    queryFn: ({ pageParam, signal }) =>
      read<CallList>(`/admin/v1/calls?${toQuery(filter, Date.now(), pageParam)}`, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    refetchInterval: live ? 3000 : false,
    placeholderData: keepPreviousData,
  });
}

export function useCall(id: string) {
  return useQuery({
    queryKey: ["call", id],
    queryFn: ({ signal }) => read<CallDetail>(`/admin/v1/calls/${encodeURIComponent(id)}`, signal),
    staleTime: 60_000,
    // The trace is written just after the answer ended: a link followed at once may be early.
    retry: (failures, error) =>
      error instanceof ApiError && error.status === 404
        ? failures < 3
        : shouldRetry(failures, error),
    retryDelay: 700,
  });
}

const SOON_MS = 400;
const MOST_LOOKS = 6;

/** What the list of calls says of a call that has just ended; the trace is written soon after. */
export function useCallRow(id: string | null) {
  return useQuery({
    queryKey: ["call-row", id],
    queryFn: async ({ signal }) => {
      const { calls } = await read<CallList>("/admin/v1/calls?limit=50", signal);
      return calls.find((call) => call.id === id) ?? null;
    },
    enabled: id !== null,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    refetchInterval: ({ state: { data, dataUpdateCount } }) =>
      data == null && dataUpdateCount < MOST_LOOKS ? SOON_MS : false,
  });
}

export function useModels() {
  return useQuery({
    queryKey: ["models"],
    queryFn: ({ signal }) => read<ModelList>("/admin/v1/models", signal),
    refetchInterval: 5000,
  });
}
