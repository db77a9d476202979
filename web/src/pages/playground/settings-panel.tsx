import { useState } from "react";
import { useModels } from "../../api/queries.ts";
import { ErrorNotice } from "../../parts/feedback.tsx";
import { NUMBER_FIELDS, problemOf, type NumberField, type Settings } from "./chat-body.ts";

interface PanelProps {
  readonly settings: Settings;
  readonly onChange: (settings: Settings) => void;
}

/** The model and its knobs. On a phone they fold away, so that the chat comes first. */
export function SettingsPanel({ settings, onChange }: PanelProps) {
  const [open, setOpen] = useState(() => matchMedia("(min-width: 901px)").matches);
  return (
    <details
      className="panel settings"
      open={open}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>
        <h2>Settings</h2>
        <span className="quiet small">{settings.model}</span>
      </summary>
      <div className="stack">
        <ModelField settings={settings} onChange={onChange} />
        <div className="field">
          <label htmlFor="system">System prompt</label>
          <textarea
            id="system"
            className="input"
            rows={3}
            value={settings.system}
            placeholder="None"
            onChange={(event) => onChange({ ...settings, system: event.target.value })}
            aria-describedby="system-hint"
          />
          <span id="system-hint" className="hint">
            Who the model should be; sent before the conversation.
          </span>
        </div>
        {(Object.keys(NUMBER_FIELDS) as NumberField[]).map((field) => (
          <NumberInput key={field} field={field} settings={settings} onChange={onChange} />
        ))}
        <JsonField settings={settings} onChange={onChange} />
      </div>
    </details>
  );
}

function ModelField({ settings, onChange }: PanelProps) {
  const { data, error, refetch } = useModels();
  if (error && !data) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  const names = data?.models.map(({ name }) => name) ?? [];
  const unknown = settings.model !== "" && data !== undefined && !names.includes(settings.model);
  return (
    <div className="field">
      <label htmlFor="model">Model</label>
      <select
        id="model"
        className="input"
        value={settings.model}
        onChange={(event) => onChange({ ...settings, model: event.target.value })}
      >
        {unknown && <option value={settings.model}>{settings.model} (not configured)</option>}
        {data?.models.map(({ name, default: isDefault }) => (
          <option key={name} value={name}>
            {name}
            {isDefault ? " (default)" : ""}
          </option>
        ))}
      </select>
    </div>
  );
}

function NumberInput({ field, settings, onChange }: PanelProps & { field: NumberField }) {
  const { label, hint, min, max, step } = NUMBER_FIELDS[field];
  const problem = problemOf(field, settings[field]);
  return (
    <div className="field">
      <label htmlFor={field}>{label}</label>
      <input
        id={field}
        className="input figures"
        inputMode={step < 1 ? "decimal" : "numeric"}
        type="number"
        {...{ min, max, step }}
        value={settings[field]}
        placeholder="The model's own"
        onChange={(event) => onChange({ ...settings, [field]: event.target.value })}
        aria-invalid={problem !== null}
        aria-describedby={`${field}-hint`}
      />
      <span id={`${field}-hint`} className={problem === null ? "hint" : "problem"}>
        {problem ?? hint}
      </span>
    </div>
  );
}

function JsonField({ settings, onChange }: PanelProps) {
  return (
    <div className="field">
      <label className="check">
        <input
          type="checkbox"
          checked={settings.json}
          onChange={(event) => onChange({ ...settings, json: event.target.checked })}
          aria-describedby="json-hint"
        />
        JSON mode
      </label>
      <span id="json-hint" className="hint">
        The answer is one valid JSON value. Say in the prompt which fields you want.
      </span>
    </div>
  );
}
