import { useState, type SubmitEvent } from "react";
import { useBegin } from "../../api/library-queries.ts";
import { Choice } from "../../parts/choice.tsx";
import { ErrorNotice } from "../../parts/feedback.tsx";
import { useWhyNot } from "../../parts/role.tsx";
import type { MeasureProps } from "./compare-form.tsx";
import { likelyOriginal } from "./family.ts";
import { OriginalChoice } from "./original-choice.tsx";
import { TextField } from "./text-field.tsx";

const GIB = 2 ** 30;

const LOSSES = [
  ["0.01", "0.01: nobody notices"],
  ["0.02", "0.02: the usual choice"],
  ["0.05", "0.05: other words here and there"],
  ["0.1", "0.1: noticeable"],
  ["0.2", "0.2: the most that makes sense"],
] as const;

/** Tries one type after the other, and keeps the smallest that is good enough. */
export function OptimizeForm({ files, sample }: MeasureProps) {
  const [picked, setPicked] = useState<string | null>(null);
  const [loss, setLoss] = useState<string>("0.02");
  const [memory, setMemory] = useState("");
  const [text, setText] = useState<string | null>(null);
  const begin = useBegin("optimize");
  const whyNot = useWhyNot("operator");
  const original = files.find(({ ref }) => ref === picked) ?? likelyOriginal(files);
  if (!original) return null;
  const gib = memory.trim() === "" ? null : Number(memory);
  const isWrong = gib !== null && !(gib > 0);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    begin.mutate([
      {
        original: original.ref,
        divergence: Number(loss),
        memoryBytes: gib === null ? null : Math.round(gib * GIB),
        ...(text !== null && { text }),
      },
    ]);
  };
  return (
    <form className="panel stack" onSubmit={submit} aria-labelledby="model-optimize">
      <div>
        <h2 id="model-optimize">Let it choose</h2>
        <p className="small quiet">
          Makes the model in one type after the other, the smallest first, measures each, and keeps
          the first that is within both bounds, with a card.
        </p>
      </div>
      <OriginalChoice label="Start from" original={original} files={files} onChange={setPicked} />
      {original.facts?.quantized && (
        <p className="small quiet">
          It is {original.facts.type} already: an F16 or BF16 original gives better files.
        </p>
      )}
      <Choice
        label="Most divergence, nats a token"
        value={loss}
        choices={LOSSES}
        onChange={setLoss}
      />
      <MemoryField memory={memory} isWrong={isWrong} onChange={setMemory} />
      <TextField sample={sample} text={text} onChange={setText} />
      {begin.error && <ErrorNotice error={begin.error} />}
      <div className="row">
        <button
          type="submit"
          className="button primary"
          disabled={isWrong || begin.isPending || whyNot !== undefined || text === ""}
          title={whyNot}
        >
          Choose
        </button>
      </div>
    </form>
  );
}

function MemoryField(props: {
  readonly memory: string;
  readonly isWrong: boolean;
  readonly onChange: (memory: string) => void;
}) {
  const { memory, isWrong, onChange } = props;
  return (
    <div className="field">
      <label htmlFor="model-memory">Most memory, GiB</label>
      <input
        id="model-memory"
        className="input"
        inputMode="decimal"
        placeholder="any"
        aria-invalid={isWrong}
        aria-describedby="model-memory-hint"
        value={memory}
        onChange={(event) => onChange(event.target.value)}
      />
      <span id="model-memory-hint" className={isWrong ? "problem" : "hint"}>
        {isWrong ? "A number such as 6 or 0.5" : "Of a process of its own with a short prompt."}
      </span>
    </div>
  );
}
