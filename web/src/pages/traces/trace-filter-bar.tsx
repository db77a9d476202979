import { useState, type ReactNode, type SubmitEvent } from "react";
import { useProjects } from "../../api/trace-queries.ts";
import { Icon } from "../../parts/icon.tsx";
import { statusText } from "../../parts/run-badge.tsx";
import {
  activeParts,
  NO_FILTER,
  STATUSES,
  toSearch,
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

const TYPED: readonly (readonly [name: Typed, label: string, hint: string])[] = [
  ["search", "Search", "words, or riv* for a beginning"],
  ["model", "Model", "name"],
  ["user", "User", "id"],
  ["tag", "Tag", "name"],
  ["slower", "Slower than", "seconds"],
  ["filter", "LangSmith filter", 'and(gt(latency, 5), has(tags, "prod"))'],
];

/** Choices act at once; texts act on Enter or on leaving the field. */
export function TraceFilterBar({
  filter,
  onChange,
  children,
}: FilterProps & { children: ReactNode }) {
  const [open, setOpen] = useState(false);
  const parts = activeParts(filter);
  return (
    <div>
      <div className="row filter-line">
        {children}
        <button
          type="button"
          className="button filter-toggle"
          aria-expanded={open}
          aria-controls="trace-filter"
          onClick={() => setOpen(!open)}
        >
          <Icon name="calls" size={16} /> Filter{parts > 0 && ` (${parts} active)`}
        </button>
      </div>
      <FilterForm filter={filter} onChange={onChange} folded={!open} />
    </div>
  );
}

function FilterForm({ filter, onChange, folded }: FilterProps & { folded: boolean }) {
  const address = toSearch(filter);
  const [shown, setShown] = useState({ address, typed: filter });
  // A filter that changed from outside, as by Clear, replaces what was typed.
  if (shown.address !== address) setShown({ address, typed: filter });
  const { typed } = shown;
  const apply = () => {
    const trimmed = Object.fromEntries(TYPED.map(([name]) => [name, typed[name].trim()]));
    if (TYPED.some(([name]) => trimmed[name] !== filter[name])) onChange({ ...filter, ...trimmed });
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    apply();
  };
  return (
    <form
      id="trace-filter"
      className={folded ? "panel filter traces folded" : "panel filter traces"}
      role="search"
      aria-label="Filter the traces"
      onSubmit={submit}
    >
      <Choices filter={filter} onChange={onChange} />
      {TYPED.map(([name, label, hint]) => (
        <div className={`field ${name === "filter" ? "langsmith" : name}`} key={name}>
          <label htmlFor={`filter-${name}`}>{label}</label>
          <input
            id={`filter-${name}`}
            className={name === "filter" ? "input mono" : "input"}
            type="search"
            spellCheck={false}
            inputMode={name === "slower" ? "decimal" : "search"}
            placeholder={hint}
            value={typed[name]}
            onChange={(event) =>
              setShown({ address, typed: { ...typed, [name]: event.target.value } })
            }
            onBlur={apply}
          />
        </div>
      ))}
      <FilterFoot filter={filter} onChange={onChange} />
    </form>
  );
}

function Choices({ filter, onChange }: FilterProps) {
  const { data: projects = [] } = useProjects();
  const names = projects.map(({ id, name }) => [id, name] as const);
  return (
    <>
      <Choice
        label="Window"
        value={filter.window}
        choices={WINDOWS}
        onChange={(window) => onChange({ ...filter, window: window as TraceWindow })}
      />
      <Choice
        label="Status"
        value={filter.status}
        choices={[["", "Any"], ...STATUSES.map((status) => [status, statusText(status)] as const)]}
        onChange={(status) =>
          onChange({ ...filter, status: STATUSES.find((one) => one === status) ?? "" })
        }
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

function Choice(props: {
  label: string;
  value: string;
  choices: readonly (readonly [value: string, text: string])[];
  onChange: (value: string) => void;
}) {
  const { label, value, choices, onChange } = props;
  const id = `filter-${label.toLowerCase()}`;
  const known = choices.some(([one]) => one === value);
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        className="input"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      >
        {!known && <option value={value}>{value}</option>}
        {choices.map(([one, text]) => (
          <option key={one} value={one}>
            {text}
          </option>
        ))}
      </select>
    </div>
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

function FilterFoot({ filter, onChange }: FilterProps) {
  return (
    <div className="row filter-foot">
      <label className="check">
        <input
          type="checkbox"
          checked={filter.guarded}
          onChange={(event) => onChange({ ...filter, guarded: event.target.checked })}
        />
        Guard hits only
      </label>
      {OTHERS.filter(([name]) => filter[name] !== "").map(([name, label]) => (
        <button
          key={name}
          type="button"
          className="button small"
          aria-label={`Take away: ${label} ${filter[name]}`}
          onClick={() => onChange({ ...filter, [name]: "" })}
        >
          {label}: {filter[name]} <Icon name="cross" size={13} />
        </button>
      ))}
      <button type="submit" className="for-screen-readers">
        Apply
      </button>
      {activeParts(filter) > 0 && (
        <button
          type="button"
          className="button plain"
          onClick={() => onChange({ ...NO_FILTER, show: filter.show, window: filter.window })}
        >
          <Icon name="cross" size={14} /> Clear
        </button>
      )}
    </div>
  );
}
