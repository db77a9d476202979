import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type {
  ReleaseAction,
  ReleaseDetail as Detail,
  ReleaseList,
} from "../../../src/http/release-schemas.ts";
import type {
  ScaledModelRow,
  ScalingList,
  ScalingWish,
} from "../../../src/http/scaling-schemas.ts";
import { post, read } from "./client.ts";

export type ReleaseDetail = Detail;
export type Release = ReleaseList["releases"][number];
export type ScaledModel = ScaledModelRow;

/** While something is undecided its figures move. */
const LIVE_MS = 1500;

export function useReleases() {
  return useQuery({
    queryKey: ["releases"],
    queryFn: ({ signal }) => read<ReleaseList>("/admin/v1/releases", signal),
    refetchInterval: LIVE_MS * 2,
  });
}

export function useRelease(model: string) {
  const query = new URLSearchParams({ model });
  return useQuery({
    queryKey: ["releases", model],
    queryFn: ({ signal }) => read<Detail>(`/admin/v1/releases/detail?${query.toString()}`, signal),
    refetchInterval: ({ state }) => (state.data?.phase === "running" ? LIVE_MS : LIVE_MS * 4),
  });
}

export function useReleaseAction(model: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (action: ReleaseAction["action"]) =>
      post<Detail>("/admin/v1/releases/actions", { model, action }),
    onSettled: () => client.invalidateQueries({ queryKey: ["releases"] }),
  });
}

export function useScaling() {
  return useQuery({
    queryKey: ["scaling"],
    queryFn: ({ signal }) => read<ScalingList>("/admin/v1/scaling", signal),
    refetchInterval: LIVE_MS * 2,
  });
}

export function useScalingWish() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (wish: ScalingWish) => post("/admin/v1/scaling", wish),
    onSettled: () => client.invalidateQueries({ queryKey: ["scaling"] }),
  });
}
