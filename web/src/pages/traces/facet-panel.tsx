import { useState } from "react";
import type { Facets, Project } from "../../api/trace-queries.ts";
import { formatCount } from "../../format.ts";
import { Icon } from "../../parts/icon.tsx";
import { statusText } from "../../parts/run-badge.tsx";
import { STATUSES, type RunStatus, type TextName, type TraceFilter } from "./trace-filter.ts";

interface FacetProps {
  readonly facets: Facets | undefined;
  readonly projects: readonly Project[];
  readonly filter: TraceFilter;
  readonly onChange: (filter: TraceFilter) => void;
}

/** The API's name of a facet, what it is called here, and the part of the filter that it sets. */
const FACETS = [
  ["projectId", "Project", "project"],
  ["status", "Status", "status"],
  ["name", "Name", "name"],
  ["model", "Model", "model"],
  ["tags", "Tag", "tag"],
  ["userId", "User", "user"],
  ["type", "Kind", "type"],
  ["source", "Source", "source"],
  ["keyName", "Key", "key"],
  ["target", "Target", "target"],
] as const satisfies readonly (readonly [string, string, TextName | "status"])[];

const SHOWN = 6;

/** How often each value occurs in what is listed; a click narrows the list to it, another widens it. */
export function FacetPanel({ facets, projects, filter, onChange }: FacetProps) {
  const [open, setOpen] = useState(false);
  return (
    <div>
      <button
        type="button"
        className="button facet-toggle"
        aria-expanded={open}
        aria-controls="facets"
        onClick={() => setOpen(!open)}
      >
        <Icon name="calls" size={16} /> Narrow down
      </button>
      <aside
        id="facets"
        className={open ? "panel facets" : "panel facets folded"}
        aria-label="Narrow the list down"
      >
        {FACETS.map(([field, label, part]) => (
          <Facet
            key={field}
            label={label}
            values={facets?.[field] ?? []}
            chosen={filter[part]}
            textOf={(value) => textOf(field, value, projects)}
            onChoose={(value) => onChange(withPart(filter, part, value))}
          />
        ))}
      </aside>
    </div>
  );
}

function Facet(props: {
  label: string;
  values: readonly { value: string; count: number }[];
  chosen: string;
  textOf: (value: string) => string;
  onChoose: (value: string) => void;
}) {
  const { label, chosen, textOf, onChoose } = props;
  const [all, setAll] = useState(false);
  const values = props.values.filter(({ value }) => value !== "");
  if (values.length === 0) return null;
  return (
    <section aria-label={label}>
      <h2>{label}</h2>
      <ul>
        {values.slice(0, all ? undefined : SHOWN).map(({ value, count }) => (
          <li key={value}>
            <button
              type="button"
              aria-pressed={value === chosen}
              title={textOf(value)}
              onClick={() => onChoose(value === chosen ? "" : value)}
            >
              <span className="facet-name">{textOf(value)}</span>
              <span className="figures quiet">{formatCount(count)}</span>
            </button>
          </li>
        ))}
      </ul>
      {values.length > SHOWN && (
        <button type="button" className="button plain" onClick={() => setAll(!all)}>
          {all ? "Fewer" : `${values.length - SHOWN} more`}
        </button>
      )}
    </section>
  );
}

function withPart(filter: TraceFilter, part: TextName | "status", value: string): TraceFilter {
  if (part !== "status") return { ...filter, [part]: value };
  return { ...filter, status: STATUSES.find((status) => status === value) ?? "" };
}

const SOURCES: Readonly<Record<string, string>> = {
  call: "this server's calls",
  langsmith: "LangSmith",
  otlp: "OpenTelemetry",
};

function textOf(field: string, value: string, projects: readonly Project[]): string {
  if (field === "projectId") return projects.find(({ id }) => id === value)?.name ?? value;
  if (field === "status") return statusText(value as RunStatus);
  if (field === "source") return SOURCES[value] ?? value;
  return value;
}
