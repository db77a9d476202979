import { useCallback } from "react";
import { useKeys } from "../api/access-queries.ts";
import { useProjects } from "../api/trace-queries.ts";

/** What figures can be split by, in the API's words and in ours. */
export const DIMENSION_NAMES = [
  ["model", "Model"],
  ["target", "Target"],
  ["provider", "Provider"],
  ["route", "Endpoint"],
  ["key", "Key"],
  ["user", "User"],
  ["tenant", "Tenant"],
  ["project", "Project"],
  ["tag", "Tag"],
  ["promptVersion", "Prompt version"],
  ["type", "Kind"],
  ["source", "Source"],
  ["status", "Status"],
  ["thread", "Thread"],
  ["name", "Name"],
] as const;
export type DimensionName = (typeof DIMENSION_NAMES)[number][0];

export function dimensionOf(text: string | null): DimensionName | undefined {
  return DIMENSION_NAMES.find(([name]) => name === text)?.[0];
}

export function labelOf(dimension: DimensionName): string {
  return DIMENSION_NAMES.find(([name]) => name === dimension)?.[1] ?? dimension;
}

/** Values as a reader knows them: projects and keys come by their ids. */
export function useValueNames(dimension: DimensionName): (value: string) => string {
  const { data: projects } = useProjects();
  const { data: keys } = useKeys();
  return useCallback(
    (value) => {
      if (value === "") return "none";
      if (dimension === "project") return projects?.find(({ id }) => id === value)?.name ?? value;
      if (dimension === "key") return keys?.keys.find(({ id }) => id === value)?.name ?? value;
      return value;
    },
    [dimension, projects, keys],
  );
}
