import { useState, type SubmitEvent } from "react";
import { useModels } from "../../api/queries.ts";
import { Icon } from "../../parts/icon.tsx";
import {
  activeParts,
  NO_FILTER,
  STATUSES,
  toSearch,
  type CallFilter,
  type CallWindow,
  type Status,
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

/** The form; on a phone it stays folded until it is asked for, so that the calls come first. */
export function FilterBar({ filter, onChange }: FilterProps) {
  const [open, setOpen] = useState(false);
  const parts = activeParts(filter);
  return (
    <div>
      <button
        type="button"
        className="button filter-toggle"
        aria-expanded={open}
        aria-controls="filter"
        onClick={() => setOpen(!open)}
      >
        <Icon name="calls" size={16} /> Filter{parts > 0 && ` (${parts} active)`}
      </button>
      <FilterForm filter={filter} onChange={onChange} folded={!open} />
    </div>
  );
}

/** Choices act at once; texts act on Enter or on leaving the field. */
function FilterForm({ filter, onChange, folded }: FilterProps & { folded: boolean }) {
  const address = toSearch(filter);
  const [shown, setShown] = useState({ address, typed: filter });
  // A filter that changed from outside, as by Clear, replaces what was typed.
  if (shown.address !== address) setShown({ address, typed: filter });
  const { typed } = shown;
  const apply = () => {
    if (TEXTS.some(([name]) => typed[name].trim() !== filter[name])) onChange(trimmed(typed));
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    apply();
  };
  return (
    <form
      id="filter"
      className={folded ? "panel filter folded" : "panel filter"}
      role="search"
      aria-label="Filter the calls"
      onSubmit={submit}
    >
      <Choices filter={filter} onChange={onChange} />
      {TEXTS.map(([name, label, hint]) => (
        <div className={`field ${name}`} key={name}>
          <label htmlFor={`filter-${name}`}>{label}</label>
          <input
            id={`filter-${name}`}
            className="input"
            type="search"
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
      <button type="submit" className="for-screen-readers">
        Apply
      </button>
      {activeParts(filter) > 0 && (
        <button
          type="button"
          className="button plain"
          onClick={() => onChange({ ...NO_FILTER, window: filter.window })}
        >
          <Icon name="cross" size={14} /> Clear
        </button>
      )}
    </div>
  );
}

const TEXTS = [
  ["search", "Search", "words, or riv* for a beginning"],
  ["key", "Key", "name"],
  ["user", "User", "id"],
] as const;

function trimmed(filter: CallFilter): CallFilter {
  return {
    ...filter,
    search: filter.search.trim(),
    key: filter.key.trim(),
    user: filter.user.trim(),
  };
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
        onChange={(value) => onChange({ ...filter, window: value as CallWindow })}
      />
      <Choice
        label="Status"
        value={filter.status}
        choices={[["", "Any"], ...STATUSES.map((status) => [status, status] as const)]}
        onChange={(value) => onChange({ ...filter, status: value as Status | "" })}
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

function Choice(props: {
  label: string;
  value: string;
  choices: readonly (readonly [value: string, text: string])[];
  onChange: (value: string) => void;
}) {
  const id = `filter-${props.label.toLowerCase()}`;
  return (
    <div className="field">
      <label htmlFor={id}>{props.label}</label>
      <select
        id={id}
        className="input"
        value={props.value}
        onChange={(event) => props.onChange(event.target.value)}
      >
        {props.choices.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}
