import { useModels } from "../../api/queries.ts";
import { ErrorNotice } from "../../parts/feedback.tsx";
import { Icon } from "../../parts/icon.tsx";
import { MOST_MODELS, type Settings } from "./settings.ts";

const LABELS = ["Model", "Second model", "Third model"];

interface ModelFieldsProps {
  readonly settings: Settings;
  readonly onChange: (settings: Settings) => void;
}

/** The model that answers, and up to two more that answer the same beside it. */
export function ModelFields({ settings, onChange }: ModelFieldsProps) {
  const { data, error, refetch } = useModels();
  if (error && !data) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  const { models } = settings;
  const names = data?.models.map(({ name }) => name) ?? [];
  const free = names.filter((name) => !models.includes(name));
  const set = (changed: readonly string[]) => onChange({ ...settings, models: changed });
  const [next] = free;
  return (
    <div className="stack models-chosen">
      {models.map((model, place) => (
        <div key={model} className="field">
          <label htmlFor={`model-${place}`}>{LABELS[place]}</label>
          <div className="model-choice">
            <select
              id={`model-${place}`}
              className="input"
              value={model}
              onChange={(event) => set(models.with(place, event.target.value))}
            >
              {[model, ...free].toSorted(byPlaceIn(names)).map((name) => (
                <option key={name} value={name}>
                  {name}
                  {data && !names.includes(name) ? " (not configured)" : ""}
                </option>
              ))}
            </select>
            {place > 0 && (
              <button
                type="button"
                className="button plain"
                aria-label={`Remove ${model}`}
                onClick={() => {
                  document.querySelector<HTMLElement>("#model-0")?.focus();
                  set(models.toSpliced(place, 1));
                }}
              >
                <Icon name="cross" size={15} />
              </button>
            )}
          </div>
        </div>
      ))}
      {models.length > 0 && models.length < MOST_MODELS && next !== undefined && (
        <button type="button" className="button" onClick={() => set([...models, next])}>
          <Icon name="plus" size={15} /> Compare with another
        </button>
      )}
    </div>
  );
}

function byPlaceIn(names: readonly string[]) {
  return (a: string, b: string) => names.indexOf(a) - names.indexOf(b);
}
