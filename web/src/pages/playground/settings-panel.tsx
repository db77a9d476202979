import { useState } from "react";
import { ModelFields } from "./model-fields.tsx";
import { FormatField, ToolsField } from "./output-fields.tsx";
import {
  NUMBER_FIELDS,
  PROTOCOLS,
  problemOf,
  type NumberField,
  type Protocol,
  type Settings,
} from "./settings.ts";

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
        <span className="quiet small">{settings.models.join(", ")}</span>
      </summary>
      <div className="stack">
        <ModelFields settings={settings} onChange={onChange} />
        <ProtocolField settings={settings} onChange={onChange} />
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
        <ToolsField settings={settings} onChange={onChange} />
        <FormatField settings={settings} onChange={onChange} />
        {(Object.keys(NUMBER_FIELDS) as NumberField[]).map((field) => (
          <NumberInput key={field} field={field} settings={settings} onChange={onChange} />
        ))}
      </div>
    </details>
  );
}

function ProtocolField({ settings, onChange }: PanelProps) {
  return (
    <div className="field">
      <label htmlFor="protocol">Asked as</label>
      <select
        id="protocol"
        className="input"
        value={settings.protocol}
        onChange={(event) => onChange({ ...settings, protocol: event.target.value as Protocol })}
        aria-describedby="protocol-hint"
      >
        {PROTOCOLS.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
      <span id="protocol-hint" className="hint">
        The format of the request. Weir translates it for the model, whichever it is.
      </span>
    </div>
  );
}

function NumberInput({ field, settings, onChange }: PanelProps & { field: NumberField }) {
  const { label, hint, min, max, step } = NUMBER_FIELDS[field];
  const problem = problemOf(field, settings[field]);
  const unsent = field === "seed" && settings.protocol !== "chat";
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
        {problem ?? (unsent ? "This format has no seed: it is not sent." : hint)}
      </span>
    </div>
  );
}
