import { useModels } from "../../api/queries.ts";
import { Choice } from "../../parts/choice.tsx";
import { FilterBar, type TextField } from "../../parts/filter-bar.tsx";
import {
  activeParts,
  NO_FILTER,
  STATUSES,
  type CallFilter,
  type CallWindow,
} from "./call-filter.ts";

interface FilterProps {
  readonly filter: CallFilter;
  readonly onChange: (filter: CallFilter) => void;
}

const WINDOW_NAMES: readonly (readonly [CallWindow, string])[] = [
  ["15m", "Last 15 minutes"],
  ["1h", "Last hour"],
  ["24h", "Last 24 hours"],
  ["7d", "Last 7 days"],
  ["all", "All that is kept"],
];

const FIELDS: readonly TextField<"search" | "key" | "user">[] = [
  { name: "search", label: "Search", hint: "words, or riv* for a beginning" },
  { name: "key", label: "Key", hint: "name" },
  { name: "user", label: "User", hint: "id" },
];

/** What narrows the list of calls. */
export function CallFilterBar({ filter, onChange }: FilterProps) {
  return (
    <FilterBar
      id="filter"
      label="Filter the calls"
      fields={FIELDS}
      texts={filter}
      onTexts={(texts) => onChange({ ...filter, ...texts })}
      choices={<Choices filter={filter} onChange={onChange} />}
      isGuarded={filter.guarded}
      onGuarded={(guarded) => onChange({ ...filter, guarded })}
      active={activeParts(filter)}
      onClear={() => onChange({ ...NO_FILTER, window: filter.window })}
    />
  );
}

function Choices({ filter, onChange }: FilterProps) {
  const { data } = useModels();
  const models = new Set(data?.models.map(({ name }) => name));
  if (filter.model !== "") models.add(filter.model);
  return (
    <>
      <Choice
        label="Window"
        value={filter.window}
        choices={WINDOW_NAMES}
        onChange={(window) => onChange({ ...filter, window })}
      />
      <Choice
        label="Status"
        value={filter.status}
        choices={[["", "Any"], ...STATUSES.map((status) => [status, status] as const)]}
        onChange={(status) => onChange({ ...filter, status })}
      />
      <Choice
        label="Model"
        value={filter.model}
        choices={[["", "Any"], ...Array.from(models, (name) => [name, name] as const)]}
        onChange={(model) => onChange({ ...filter, model })}
      />
    </>
  );
}
