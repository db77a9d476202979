import { useId, useState, type ReactNode } from "react";
import type { TargetName } from "../../../../src/http/admin-schemas.ts";
import { useTargetAction, type EngineAction } from "../../api/target-queries.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { ErrorNotice } from "../../parts/feedback.tsx";
import { Icon } from "../../parts/icon.tsx";

interface EngineMenuProps {
  readonly name: TargetName;
  readonly actions: readonly string[];
  /** The models that the engine named, adapters among them. */
  readonly known: readonly string[];
}

const DONE: Readonly<Partial<Record<EngineAction["action"], string>>> = {
  "load-lora": "The adapter is loaded.",
  "unload-lora": "The adapter is unloaded.",
  sleep: "The engine sleeps.",
  wake: "The engine is awake.",
  "reset-prefix-cache": "The prefix cache is empty.",
};

/** What the engine can be told. What takes something away from callers is asked about first. */
export function EngineMenu({ name, actions, known }: EngineMenuProps) {
  const act = useTargetAction(name);
  const [pending, setPending] = useState<EngineAction | null>(null);
  const [last, setLast] = useState<EngineAction["action"] | null>(null);
  const run = (action: EngineAction) => {
    setPending(null);
    setLast(action.action);
    act.mutate(action);
  };
  return (
    <details className="engine-menu">
      <summary>Engine actions</summary>
      <div className="stack">
        <EngineButtons actions={actions} onAsk={setPending} onRun={run} />
        {actions.includes("load-lora") && <LoadForm onLoad={run} />}
        {actions.includes("unload-lora") && <UnloadForm known={known} onUnload={setPending} />}
        <p className="small" role="status">
          {act.isPending ? "Telling the engine…" : act.isSuccess && last !== null && DONE[last]}
        </p>
        {act.error && <ErrorNotice error={act.error} />}
      </div>
      {pending && (
        <Confirmation
          action={pending}
          target={name.target}
          onClose={() => setPending(null)}
          onConfirm={() => run(pending)}
        />
      )}
    </details>
  );
}

function EngineButtons(props: {
  actions: readonly string[];
  onAsk: (action: EngineAction) => void;
  onRun: (action: EngineAction) => void;
}) {
  const { actions, onAsk, onRun } = props;
  const simple = (["sleep", "wake", "reset-prefix-cache"] as const).filter((action) =>
    actions.includes(action),
  );
  if (simple.length === 0) return null;
  return (
    <div className="row" role="group" aria-label="Engine">
      {simple.includes("sleep") && (
        <>
          <ActionButton onClick={() => onAsk({ action: "sleep", level: 1 })}>
            <Icon name="moon" size={15} /> Sleep, level 1
          </ActionButton>
          <ActionButton onClick={() => onAsk({ action: "sleep", level: 2 })}>
            <Icon name="moon" size={15} /> Sleep, level 2
          </ActionButton>
        </>
      )}
      {simple.includes("wake") && (
        <ActionButton onClick={() => onRun({ action: "wake" })}>
          <Icon name="sun" size={15} /> Wake
        </ActionButton>
      )}
      {simple.includes("reset-prefix-cache") && (
        <ActionButton onClick={() => onRun({ action: "reset-prefix-cache" })}>
          <Icon name="retry" size={15} /> Empty the prefix cache
        </ActionButton>
      )}
    </div>
  );
}

function ActionButton({ onClick, children }: { onClick: () => void; children: ReactNode }) {
  return (
    <button type="button" className="button" onClick={onClick}>
      {children}
    </button>
  );
}

function LoadForm({ onLoad }: { onLoad: (action: EngineAction) => void }) {
  const id = useId();
  const [name, setName] = useState("");
  const [path, setPath] = useState("");
  return (
    <form
      className="lora-form"
      aria-label="Load a LoRA adapter"
      onSubmit={(event) => {
        event.preventDefault();
        onLoad({ action: "load-lora", name: name.trim(), path: path.trim() });
      }}
    >
      <div className="field">
        <label htmlFor={`${id}-name`}>Adapter&apos;s name</label>
        <input
          id={`${id}-name`}
          className="input"
          value={name}
          required
          onChange={(event) => setName(event.target.value)}
        />
      </div>
      <div className="field">
        <label htmlFor={`${id}-path`}>Path, as the engine sees it</label>
        <input
          id={`${id}-path`}
          className="input mono"
          value={path}
          required
          onChange={(event) => setPath(event.target.value)}
        />
      </div>
      <button type="submit" className="button" disabled={name.trim() === "" || path.trim() === ""}>
        Load
      </button>
    </form>
  );
}

function UnloadForm(props: { known: readonly string[]; onUnload: (action: EngineAction) => void }) {
  const id = useId();
  const [name, setName] = useState("");
  return (
    <form
      className="lora-form"
      aria-label="Unload a LoRA adapter"
      onSubmit={(event) => {
        event.preventDefault();
        props.onUnload({ action: "unload-lora", name: name.trim() });
      }}
    >
      <div className="field">
        <label htmlFor={id}>Adapter to unload</label>
        <input
          id={id}
          className="input"
          list={`${id}-known`}
          value={name}
          required
          onChange={(event) => setName(event.target.value)}
        />
        <datalist id={`${id}-known`}>
          {props.known.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      </div>
      <button type="submit" className="button danger" disabled={name.trim() === ""}>
        Unload
      </button>
    </form>
  );
}

function Confirmation(props: {
  action: EngineAction;
  target: string;
  onClose: () => void;
  onConfirm: () => void;
}) {
  const { action, target, onClose, onConfirm } = props;
  const sleeps = action.action === "sleep";
  return (
    <Dialog title={sleeps ? `Put ${target} to sleep?` : "Unload the adapter?"} onClose={onClose}>
      <p>{warningFor(action)}</p>
      <div className="actions">
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button type="button" className="button danger" onClick={onConfirm}>
          {sleeps ? "Put to sleep" : "Unload"}
        </button>
      </div>
    </Dialog>
  );
}

function warningFor(action: EngineAction): string {
  if (action.action === "sleep") {
    return action.level === 2
      ? "The engine throws its weights and its cache away: it answers nothing until it is woken, and then needs its weights again."
      : "The engine moves its weights to main memory and empties its cache: it answers nothing until it is woken.";
  }
  return `Calls that name ${"name" in action ? action.name : "it"} fail from now on.`;
}
