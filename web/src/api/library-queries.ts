import { useMutation, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type {
  FileContents,
  LibraryFile,
  LibraryJob,
  LibraryList,
  LibraryMeasurement,
} from "../../../src/http/library-schemas.ts";
import { post, read, remove } from "./client.ts";

const ROOT = "/admin/v1/library";
const LIST = ["library"];
const JOBS = ["library-jobs"];
const MEASUREMENTS = ["library-measurements"];

/** While something is under way, and while nothing is. */
const SOON_MS = 1000;
const LATER_MS = 5000;

export type { FileContents, LibraryFile, LibraryJob, LibraryList, LibraryMeasurement };

export function useLibrary() {
  return useQuery({
    queryKey: LIST,
    queryFn: ({ signal }) => read<LibraryList>(ROOT, signal),
  });
}

export function useContents(ref: string) {
  return useQuery({
    queryKey: ["library-file", ref],
    queryFn: ({ signal }) => read<FileContents>(`${ROOT}/file?${queryOf(ref)}`, signal),
    staleTime: 60_000,
  });
}

export function useMeasurements() {
  return useQuery({
    queryKey: MEASUREMENTS,
    queryFn: async ({ signal }) => {
      const path = `${ROOT}/measurements`;
      return (await read<{ measurements: LibraryMeasurement[] }>(path, signal)).measurements;
    },
  });
}

export function isUnderWay({ state }: LibraryJob): boolean {
  return state === "waiting" || state === "running";
}

/** Long work, the newest first. What it changes is asked for again when it ends. */
export function useJobs() {
  const client = useQueryClient();
  const result = useQuery({
    queryKey: JOBS,
    queryFn: async ({ signal }) =>
      (await read<{ jobs: LibraryJob[] }>(`${ROOT}/jobs`, signal)).jobs,
    refetchInterval: ({ state }) => (state.data?.some(isUnderWay) ? SOON_MS : LATER_MS),
  });
  const ended = result.data
    ?.filter((job) => !isUnderWay(job))
    .map(({ id }) => id)
    .join();
  const known = useRef(ended);
  useEffect(() => {
    if (known.current !== undefined && known.current !== ended) void renew(client);
    known.current = ended;
  }, [client, ended]);
  return result;
}

async function renew(client: QueryClient): Promise<void> {
  await Promise.all([LIST, MEASUREMENTS].map((queryKey) => client.invalidateQueries({ queryKey })));
}

export interface MeasuringWish {
  readonly original: string;
  readonly text?: string | undefined;
}

interface Wishes {
  readonly pull: { readonly source: string; readonly name?: string | undefined };
  readonly quantize: {
    readonly ref: string;
    readonly type: string;
    readonly again: boolean;
    readonly keep: readonly string[];
  };
  readonly compare: MeasuringWish & { readonly files: readonly string[] };
  readonly optimize: MeasuringWish & {
    readonly memoryBytes: number | null;
    readonly divergence: number;
  };
}

/** Begins long work, one piece after the other. */
export function useBegin<Kind extends keyof Wishes>(kind: Kind) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (wishes: readonly Wishes[Kind][]) => {
      for (const wish of wishes) await post<LibraryJob>(`${ROOT}/${kind}`, wish);
    },
    onSettled: () => client.invalidateQueries({ queryKey: JOBS }),
  });
}

export function useCancel() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      post<LibraryJob>(`${ROOT}/jobs/${encodeURIComponent(id)}/cancel`, {}),
    onSettled: () => client.invalidateQueries({ queryKey: JOBS }),
  });
}

export function useRemoveFile() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (ref: string) => remove(`${ROOT}/file?${queryOf(ref)}`),
    onSettled: () => client.invalidateQueries({ queryKey: LIST }),
  });
}

export function useClean() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => post<{ freedBytes: number }>(`${ROOT}/clean`, {}),
    onSettled: () => client.invalidateQueries({ queryKey: LIST }),
  });
}

export function useForgetMeasurement() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => remove(`${ROOT}/measurements/${encodeURIComponent(id)}`),
    onSettled: () => client.invalidateQueries({ queryKey: MEASUREMENTS }),
  });
}

function queryOf(ref: string): string {
  return new URLSearchParams({ ref }).toString();
}
