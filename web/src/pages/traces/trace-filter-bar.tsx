import type { ReactNode } from "react";
import { useProjects } from "../../api/trace-queries.ts";
import { Choice } from "../../parts/choice.tsx";
import { FilterBar, type TextField } from "../../parts/filter-bar.tsx";
import { Icon } from "../../parts/icon.tsx";
import { statusText } from "../../parts/run-badge.tsx";
import {
  activeParts,
  NO_FILTER,
  STATUSES,
  type TextName,
  type TraceFilter,
  type TraceWindow,
} from "./trace-filter.ts";

interface FilterProps {
  readonly filter: TraceFilter;
  readonly onChange: (filter: TraceFilter) => void;
}

const WINDOWS: readonly (readonly [TraceWindow, string])[] = [
  ["15m", "Last 15 minutes"],
  ["1h", "Last hour"],
  ["24h", "Last 24 hours"],
  ["7d", "Last 7 days"],
  ["30d", "Last 30 days"],
  ["all", "All that is kept"],
];

type Typed = "search" | "user" | "tag" | "model" | "filter" | "slower";

const FIELDS: readonly TextField<Typed>[] = [
  { name: "search", label: "Search", hint: "words, or riv* for a beginning" },
  { name: "model", label: "Model", hint: "name" },
  { name: "user", label: "User", hint: "id" },
  { name: "tag", label: "Tag", hint: "name" },
  { name: "slower", label: "Slower than", hint: "seconds", isNumber: true },
  {
    name: "filter",
    label: "LangSmith filter",
    hint: 'and(gt(latency, 5), has(tags, "prod"))',
    isCode: true,
  },
];

/** What narrows the list of traces; `children` stand above it. */
export function TraceFilterBar({
  filter,
  onChange,
  children,
}: FilterProps & { children: ReactNode }) {
  return (
    <FilterBar
      id="trace-filter"
      label="Filter the traces"
      className="traces"
      head={children}
      fields={FIELDS}
      texts={filter}
      onTexts={(texts) => onChange({ ...filter, ...texts })}
      choices={<Choices filter={filter} onChange={onChange} />}
      isGuarded={filter.guarded}
      onGuarded={(guarded) => onChange({ ...filter, guarded })}
      others={<Others filter={filter} onChange={onChange} />}
      active={activeParts(filter)}
      onClear={() => onChange({ ...NO_FILTER, show: filter.show, window: filter.window })}
    />
  );
}

function Choices({ filter, onChange }: FilterProps) {
  const { data: projects = [] } = useProjects();
  const names = new Map(projects.map(({ id, name }) => [id, name]));
  if (filter.project !== "" && !names.has(filter.project)) {
    names.set(filter.project, filter.project);
  }
  return (
    <>
      <Choice
        label="Window"
        value={filter.window}
        choices={WINDOWS}
        onChange={(window) => onChange({ ...filter, window })}
      />
      <Choice
        label="Status"
        value={filter.status}
        choices={[["", "Any"], ...STATUSES.map((status) => [status, statusText(status)] as const)]}
        onChange={(status) => onChange({ ...filter, status })}
      />
      <Choice
        label="Project"
        value={filter.project}
        choices={[["", "Any"], ...names]}
        onChange={(project) => onChange({ ...filter, project })}
      />
    </>
  );
}

/** Parts that only facets and links set: they are shown, so that they can be taken away. */
const OTHERS: readonly (readonly [name: TextName, label: string])[] = [
  ["name", "name"],
  ["type", "kind"],
  ["source", "source"],
  ["key", "key"],
  ["target", "target"],
  ["thread", "thread"],
  ["prompt", "prompt"],
];

function Others({ filter, onChange }: FilterProps) {
  return OTHERS.filter(([name]) => filter[name] !== "").map(([name, label]) => (
    <button
      key={name}
      type="button"
      className="button small"
      aria-label={`Take away: ${label} ${filter[name]}`}
      onClick={() => onChange({ ...filter, [name]: "" })}
    >
      {label}: {filter[name]} <Icon name="cross" size={13} />
    </button>
  ));
}
