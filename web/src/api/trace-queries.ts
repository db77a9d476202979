import {
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import type {
  FacetList,
  FeedbackRow,
  FigureList,
  NewFeedback,
  Overhead,
  ProjectList,
  RunDetail,
  RunList,
  SavedView,
  SavedViewList,
} from "../../../src/http/trace-schemas.ts";

import { ApiError } from "./api-error.ts";
import { post, read, remove } from "./client.ts";
import { shouldRetry } from "./queries.ts";

/** Traces, their figures, and what people say of them. */

export type RunPage = RunList;
export type Facets = FacetList["facets"];
export type FigureRow = FigureList["figures"][number];
export type Project = ProjectList["projects"][number];
export type KeptView = SavedViewList["views"][number];

const LIVE_MS = 3000;

/** `query` gives the search part for a moment and a cursor: a window counts back from now. */
export function useRuns(key: string, query: (cursor: string | null) => string, live: boolean) {
  return useInfiniteQuery({
    queryKey: ["runs", key],
    queryFn: ({ pageParam, signal }) => read<RunPage>(`/admin/v1/runs?${query(pageParam)}`, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    refetchInterval: live ? LIVE_MS : false,
    placeholderData: keepPreviousData,
  });
}

export function useFacets(key: string, query: () => string, live: boolean) {
  return useQuery({
    queryKey: ["run-facets", key],
    queryFn: ({ signal }) => read<{ facets: Facets }>(`/admin/v1/run-facets?${query()}`, signal),
    select: ({ facets }) => facets,
    refetchInterval: live ? LIVE_MS * 3 : false,
    placeholderData: keepPreviousData,
  });
}

export function useProjects() {
  return useQuery({
    queryKey: ["projects"],
    queryFn: ({ signal }) => read<{ projects: Project[] }>("/admin/v1/projects", signal),
    select: ({ projects }) => projects,
    staleTime: 30_000,
  });
}

/** One run with its texts; asked for again as long as it has no end. */
export function useRun(id: string | null) {
  return useQuery({
    queryKey: ["run", id],
    queryFn: ({ signal }) =>
      read<RunDetail>(`/admin/v1/runs/${encodeURIComponent(id ?? "")}`, signal),
    enabled: id !== null,
    staleTime: 30_000,
    refetchInterval: ({ state: { data } }) => (data?.run.status === "pending" ? LIVE_MS : false),
    // A link that is followed at once may be earlier than the run.
    retry: (failures, error) =>
      error instanceof ApiError && error.status === 404
        ? failures < 3
        : shouldRetry(failures, error),
    retryDelay: 700,
  });
}

export function useGiveFeedback(runId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (feedback: NewFeedback) =>
      post<FeedbackRow>(`/admin/v1/runs/${encodeURIComponent(runId)}/feedback`, feedback),
    onSuccess: () => client.invalidateQueries({ queryKey: ["run", runId] }),
  });
}

/** Figures of a window; `query` is asked anew each time, as the window moves on. */
export function useFigures(key: string, query: () => string, refetchMs: number) {
  return useQuery({
    queryKey: ["figures", key],
    queryFn: ({ signal }) => read<{ figures: FigureRow[] }>(`/admin/v1/figures?${query()}`, signal),
    select: ({ figures }) => figures,
    refetchInterval: refetchMs,
    placeholderData: keepPreviousData,
  });
}

/** What this server itself added to calls lately. */
export function useOverhead() {
  return useQuery({
    queryKey: ["overhead"],
    queryFn: ({ signal }) => read<Overhead>("/admin/v1/overhead", signal),
    refetchInterval: LIVE_MS * 5,
  });
}

export function useViews(page: SavedView["page"]) {
  return useQuery({
    queryKey: ["views"],
    queryFn: ({ signal }) => read<{ views: KeptView[] }>("/admin/v1/views", signal),
    select: ({ views }) => views.filter((view) => view.page === page),
  });
}

export function useSaveView() {
  return useViewChange((view: SavedView) => post<{ id: string }>("/admin/v1/views", view));
}

export function useForgetView() {
  return useViewChange((id: string) => remove(`/admin/v1/views/${encodeURIComponent(id)}`));
}

function useViewChange<Wish, Answer>(change: (wish: Wish) => Promise<Answer>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => client.invalidateQueries({ queryKey: ["views"] }),
  });
}
