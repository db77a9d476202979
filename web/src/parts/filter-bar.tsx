import { useState, type ReactNode, type SubmitEvent } from "react";
import { Icon } from "./icon.tsx";

export interface TextField<Name extends string> {
  readonly name: Name;
  readonly label: string;
  readonly hint: string;
  readonly isNumber?: boolean;
  readonly isCode?: boolean;
}

interface FormProps<Name extends string> {
  readonly id: string;
  /** For those who hear the page: what is filtered. */
  readonly label: string;
  readonly className?: string;
  readonly fields: readonly TextField<Name>[];
  readonly texts: Readonly<Record<Name, string>>;
  readonly onTexts: (texts: Record<Name, string>) => void;
  readonly choices: ReactNode;
  readonly isGuarded: boolean;
  readonly onGuarded: (isGuarded: boolean) => void;
  /** Parts of the filter that no field shows. */
  readonly others?: ReactNode;
  /** How many parts narrow the list. */
  readonly active: number;
  readonly onClear: () => void;
}

/** The form of a list's filter; on a phone it stays folded until it is asked for, so that the list comes first. */
export function FilterBar<Name extends string>({
  head,
  ...form
}: FormProps<Name> & { head?: ReactNode }) {
  const [open, setOpen] = useState(false);
  const toggle = (
    <button
      type="button"
      className="button filter-toggle"
      aria-expanded={open}
      aria-controls={form.id}
      onClick={() => setOpen(!open)}
    >
      <Icon name="calls" size={16} /> Filter{form.active > 0 && ` (${form.active} active)`}
    </button>
  );
  return (
    <div>
      {head === undefined ? (
        toggle
      ) : (
        <div className="row filter-line">
          {head}
          {toggle}
        </div>
      )}
      <FilterForm {...form} folded={!open} />
    </div>
  );
}

/** Choices act at once; texts act on Enter or on leaving the field. */
function FilterForm<Name extends string>(props: FormProps<Name> & { folded: boolean }) {
  const { id, label, className = "", folded, fields, texts, onTexts, choices } = props;
  const given = JSON.stringify(fields.map(({ name }) => texts[name]));
  const [shown, setShown] = useState({ given, typed: texts });
  // A filter that changed from outside, as by Clear, replaces what was typed.
  if (shown.given !== given) setShown({ given, typed: texts });
  const { typed } = shown;
  const apply = () => {
    const trimmed = Object.fromEntries(
      fields.map(({ name }) => [name, typed[name].trim()]),
    ) as Record<Name, string>; // of the same names
    if (fields.some(({ name }) => trimmed[name] !== texts[name])) onTexts(trimmed);
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    apply();
  };
  return (
    <form
      id={id}
      className={["panel filter", className, folded && "folded"].filter(Boolean).join(" ")}
      role="search"
      aria-label={label}
      onSubmit={submit}
    >
      {choices}
      {fields.map((field) => (
        <TypedField
          key={field.name}
          field={field}
          value={typed[field.name]}
          onChange={(text) => setShown({ given, typed: { ...typed, [field.name]: text } })}
          onLeave={apply}
        />
      ))}
      <FilterFoot {...props} />
    </form>
  );
}

function TypedField<Name extends string>(props: {
  field: TextField<Name>;
  value: string;
  onChange: (text: string) => void;
  onLeave: () => void;
}) {
  const { name, label, hint, isNumber = false, isCode = false } = props.field;
  return (
    <div className={`field field-${name}`}>
      <label htmlFor={`filter-${name}`}>{label}</label>
      <input
        id={`filter-${name}`}
        className={isCode ? "input mono" : "input"}
        type="search"
        spellCheck={false}
        inputMode={isNumber ? "decimal" : "search"}
        placeholder={hint}
        value={props.value}
        onChange={(event) => props.onChange(event.target.value)}
        onBlur={props.onLeave}
      />
    </div>
  );
}

function FilterFoot<Name extends string>(props: FormProps<Name>) {
  const { isGuarded, onGuarded, others, active, onClear } = props;
  return (
    <div className="row filter-foot">
      <label className="check">
        <input
          type="checkbox"
          checked={isGuarded}
          onChange={(event) => onGuarded(event.target.checked)}
        />
        Guard hits only
      </label>
      {others}
      <button type="submit" className="for-screen-readers">
        Apply
      </button>
      {active > 0 && (
        <button type="button" className="button plain" onClick={onClear}>
          <Icon name="cross" size={14} /> Clear
        </button>
      )}
    </div>
  );
}
