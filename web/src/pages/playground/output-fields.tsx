import { EXAMPLE_SCHEMA, schemaProblem } from "./check-schema.ts";
import type { Format, Settings } from "./settings.ts";
import { EXAMPLE_TOOLS, parseTools } from "./tools.ts";

interface FieldsProps {
  readonly settings: Settings;
  readonly onChange: (settings: Settings) => void;
}

const FORMATS: readonly (readonly [value: Format, text: string])[] = [
  ["text", "Text"],
  ["json", "JSON of any shape"],
  ["schema", "JSON by a schema"],
];

/** What the answer should look like: words, some JSON, or JSON by a schema. */
export function FormatField({ settings, onChange }: FieldsProps) {
  const { format, schema, protocol } = settings;
  const unsaid = format === "json" && protocol === "messages";
  const choose = (chosen: Format) =>
    onChange({
      ...settings,
      format: chosen,
      schema: chosen === "schema" && schema.trim() === "" ? EXAMPLE_SCHEMA : schema,
    });
  return (
    <>
      <div className="field">
        <label htmlFor="format">Answer as</label>
        <select
          id="format"
          className="input"
          value={format}
          onChange={(event) => choose(event.target.value as Format)}
          aria-describedby={format === "text" ? undefined : "format-hint"}
        >
          {FORMATS.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
        {format !== "text" && (
          <span id="format-hint" className="hint">
            {unsaid
              ? "Anthropic's format knows JSON by a schema only: this is not sent, the answer is looked at all the same."
              : "Say in the prompt which fields you want; the answer is looked at when it ends."}
          </span>
        )}
      </div>
      {format === "schema" && (
        <CodeField
          id="schema"
          label="JSON schema"
          value={schema}
          problem={schemaProblem(schema)}
          example={EXAMPLE_SCHEMA}
          onChange={(typed) => onChange({ ...settings, schema: typed })}
        />
      )}
    </>
  );
}

/** Functions that the model may call; the user plays what runs them. */
export function ToolsField({ settings, onChange }: FieldsProps) {
  const { usesTools, tools } = settings;
  const toggle = (on: boolean) =>
    onChange({
      ...settings,
      usesTools: on,
      tools: on && tools.trim() === "" ? EXAMPLE_TOOLS : tools,
    });
  return (
    <>
      <div className="field">
        <label className="check">
          <input
            type="checkbox"
            checked={usesTools}
            onChange={(event) => toggle(event.target.checked)}
            aria-describedby="uses-tools-hint"
          />
          Tools
        </label>
        <span id="uses-tools-hint" className="hint">
          The model may call functions; you see the call and write what it gives back.
        </span>
      </div>
      {usesTools && (
        <CodeField
          id="tools"
          label="Tools as a JSON array"
          value={tools}
          problem={parseTools(tools).problem}
          example={EXAMPLE_TOOLS}
          onChange={(typed) => onChange({ ...settings, tools: typed })}
        />
      )}
    </>
  );
}

function CodeField(props: {
  id: string;
  label: string;
  value: string;
  problem: string | null;
  example: string;
  onChange: (typed: string) => void;
}) {
  const { id, value, problem, example, onChange } = props;
  return (
    <div className="field">
      <label htmlFor={id}>{props.label}</label>
      <textarea
        id={id}
        className="input mono code-field"
        rows={9}
        spellCheck={false}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        aria-invalid={problem !== null}
        aria-describedby={`${id}-problem`}
      />
      <span id={`${id}-problem`} className={problem === null ? "hint" : "problem"}>
        {problem ?? "Valid."}
      </span>
      {value !== example && (
        <div>
          <button type="button" className="button plain" onClick={() => onChange(example)}>
            Put the example in
          </button>
        </div>
      )}
    </div>
  );
}
