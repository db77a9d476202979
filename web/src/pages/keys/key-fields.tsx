import type { KeyRow, TenantRow } from "../../../../src/http/access-schemas.ts";
import { Segments } from "../../parts/page.tsx";
import { inDays } from "./expiry.ts";
import { modelsProblem } from "./typed-models.ts";

type Scope = KeyRow["scopes"][number];
type Role = Exclude<Scope, "inference" | "traces">;

const ROLES: readonly (readonly [role: Role | "none", text: string])[] = [
  ["none", "No"],
  ["viewer", "Viewer"],
  ["operator", "Operator"],
  ["admin", "Admin"],
];

const MEANINGS: Readonly<Record<Role | "none", string>> = {
  none: "It cannot sign in here.",
  viewer: "It reads traces, figures and metrics.",
  operator: "It also tests, drains and steers targets.",
  admin: "It may do everything: also call models, trace and manage keys.",
};

/** What programs do with a key. */
const USES: readonly (readonly [use: Scope, text: string, example: string])[] = [
  ["inference", "call models", "chat, embeddings, files, batches"],
  ["traces", "send and read traces", "LangSmith SDKs, OpenTelemetry"],
];

function toggled(uses: readonly Scope[], use: Scope): readonly Scope[] {
  return uses.includes(use) ? uses.filter((one) => one !== use) : [...uses, use];
}

/** An admin's key has always said that it calls models. */
function withCalls(uses: readonly Scope[]): readonly Scope[] {
  return uses.includes("inference") ? uses : [...uses, "inference"];
}

/** What a key may: call models, trace, and be something on the dashboard. */
export function ScopeFields(props: {
  scopes: readonly Scope[];
  onChange: (scopes: Scope[]) => void;
}) {
  const { scopes, onChange } = props;
  const role = ROLES.findLast(([one]) => one !== "none" && scopes.includes(one))?.[0] ?? "none";
  const uses = USES.filter(([one]) => scopes.includes(one)).map(([one]) => one);
  const change = (nextRole: Role | "none", nextUses: readonly Scope[]) =>
    onChange([...(nextRole === "none" ? [] : [nextRole]), ...nextUses]);
  return (
    <fieldset className="scopes">
      <legend className="field-label">It may</legend>
      {USES.map(([use, text, example]) => (
        <label key={use} className="check">
          <input
            type="checkbox"
            checked={uses.includes(use) || role === "admin"}
            disabled={role === "admin"}
            onChange={() => change(role, toggled(uses, use))}
          />
          <span>
            {text} <span className="quiet small">({example})</span>
          </span>
        </label>
      ))}
      <div className="role-line">
        <span className="small">use the dashboard and the admin API</span>
        <Segments
          name="key-role"
          label="Role on the dashboard"
          value={role}
          choices={ROLES}
          onChange={(next) => change(next, next === "admin" ? withCalls(uses) : uses)}
        />
        <span className="hint">{MEANINGS[role]}</span>
        {scopes.length === 0 && <span className="problem">A key must be for something.</span>}
      </div>
    </fieldset>
  );
}

export function TenantField(props: {
  value: string;
  tenants: readonly TenantRow[];
  onChange: (tenant: string) => void;
}) {
  const known = props.tenants.some(({ id }) => id === props.value);
  return (
    <div className="field">
      <label htmlFor="key-tenant">Tenant</label>
      <select
        id="key-tenant"
        className="input"
        value={props.value}
        onChange={(event) => props.onChange(event.target.value)}
      >
        {!known && <option value={props.value}>{props.value}</option>}
        {props.tenants.map(({ id, disabled }) => (
          <option key={id} value={id}>
            {id}
            {disabled && " (disabled)"}
          </option>
        ))}
      </select>
    </div>
  );
}

const PRIORITIES = ["high", "normal", "low"] as const;

export function PriorityField(props: {
  value: KeyRow["priority"];
  onChange: (priority: KeyRow["priority"]) => void;
}) {
  return (
    <div className="field">
      <label htmlFor="key-priority">Highest priority</label>
      <select
        id="key-priority"
        className="input"
        value={props.value ?? "normal"}
        onChange={({ target }) =>
          props.onChange(PRIORITIES.find((one) => one === target.value) ?? null)
        }
      >
        {PRIORITIES.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </div>
  );
}

const SOON = [
  [30, "30 days"],
  [90, "90 days"],
  [365, "1 year"],
] as const;

export function ExpiryField({ day, onChange }: { day: string; onChange: (day: string) => void }) {
  const now = Date.now();
  return (
    <div className="field">
      <label htmlFor="key-expiry">Expires at the end of</label>
      <div className="row">
        <input
          id="key-expiry"
          type="date"
          className="input date"
          min={inDays(0, now)}
          value={day}
          onChange={(event) => onChange(event.target.value)}
        />
        {SOON.map(([days, text]) => (
          <button
            key={days}
            type="button"
            className="button small"
            onClick={() => onChange(inDays(days, now))}
          >
            {text}
          </button>
        ))}
        {day !== "" && (
          <button type="button" className="button plain" onClick={() => onChange("")}>
            Never
          </button>
        )}
      </div>
      {day === "" && <span className="hint">No day: it never expires.</span>}
    </div>
  );
}

export function ModelsField({ text, onChange }: { text: string; onChange: (t: string) => void }) {
  const problem = modelsProblem(text);
  return (
    <div className="field">
      <label htmlFor="key-models">Models</label>
      <input
        id="key-models"
        className="input mono"
        placeholder="all"
        aria-invalid={problem !== null}
        value={text}
        onChange={(event) => onChange(event.target.value)}
      />
      {problem === null ? (
        <span className="hint">
          Empty: all. Else names with commas, as <code>chat, gpt-*</code>
        </span>
      ) : (
        <span className="problem">{problem}</span>
      )}
    </div>
  );
}
