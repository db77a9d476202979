import { useState, type SubmitEvent } from "react";
import { Link } from "wouter";
import { useBegin, useLibrary, type FileContents } from "../../api/library-queries.ts";
import { formatBytes, formatShare, plural } from "../../format.ts";
import { ErrorNotice } from "../../parts/feedback.tsx";
import { Icon } from "../../parts/icon.tsx";
import { useWhyNot } from "../../parts/role.tsx";
import { TYPE_GROUPS } from "./type-advice.ts";

/** The same model in fewer bits: one file for each chosen type. */
export function QuantizeForm({ contents }: { contents: FileContents }) {
  const { file } = contents;
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [again, setAgain] = useState(false);
  const [keep, setKeep] = useState("");
  const begin = useBegin("quantize");
  const whyNot = useWhyNot("operator");
  const isQuantized = file.facts?.quantized ?? false;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const patterns = keep.split(/[\s,]+/).filter(Boolean);
    begin.mutate(
      chosen.map((type) => ({ ref: file.ref, type, again, keep: patterns })),
      { onSuccess: () => setChosen([]) },
    );
  };
  const toggle = (type: string) =>
    setChosen(chosen.includes(type) ? chosen.filter((one) => one !== type) : [...chosen, type]);
  return (
    <form className="panel stack" onSubmit={submit} aria-labelledby="model-quantize">
      <div>
        <h2 id="model-quantize">Make it smaller</h2>
        <p className="small quiet">
          Fewer bits for each weight: a smaller file, less memory, faster answers, and some loss.
          Choose one type or several, then compare them.
        </p>
      </div>
      {isQuantized && <AgainNotice type={file.facts?.type} again={again} onChange={setAgain} />}
      <TypeChoices contents={contents} chosen={chosen} onToggle={toggle} />
      <KeepField keep={keep} onChange={setKeep} />
      {begin.error && <ErrorNotice error={begin.error} />}
      <div className="row">
        <button
          type="submit"
          className="button primary"
          disabled={
            chosen.length === 0 ||
            (isQuantized && !again) ||
            begin.isPending ||
            whyNot !== undefined
          }
          title={whyNot}
        >
          {chosen.length === 0 ? "Make files" : `Make ${plural(chosen.length, "file")}`}
        </button>
        {begin.isSuccess && (
          <span className="small">
            Under way, below. Then <Link href="/models/measure">compare them</Link>.
          </span>
        )}
        {isQuantized && !again && chosen.length > 0 && (
          <span className="small quiet">Say above that it may be quantized again.</span>
        )}
      </div>
    </form>
  );
}

function AgainNotice(props: {
  readonly type: string | undefined;
  readonly again: boolean;
  readonly onChange: (again: boolean) => void;
}) {
  return (
    <div className="notice ochre" role="note">
      <Icon name="warning" />
      <div>
        <span>
          This file is {props.type} already. Quantizing it again loses more than starting from its
          F16 or BF16 original.
        </span>
        <label className="check">
          <input
            type="checkbox"
            checked={props.again}
            onChange={(event) => props.onChange(event.target.checked)}
          />
          Do it all the same
        </label>
      </div>
    </div>
  );
}

function KeepField({ keep, onChange }: { keep: string; onChange: (keep: string) => void }) {
  return (
    <details>
      <summary className="small">Keep some tensors as they are</summary>
      <div className="field">
        <label htmlFor="model-keep">Names, * for any letters</label>
        <input
          id="model-keep"
          className="input mono"
          placeholder="output* token_embd*"
          spellCheck={false}
          value={keep}
          onChange={(event) => onChange(event.target.value)}
        />
      </div>
    </details>
  );
}

function TypeChoices(props: {
  readonly contents: FileContents;
  readonly chosen: readonly string[];
  readonly onToggle: (type: string) => void;
}) {
  const { contents, chosen, onToggle } = props;
  return TYPE_GROUPS.map(({ title, advice, includes }) => (
    <fieldset key={title} className="type-group">
      <legend>{title}</legend>
      <p className="small quiet">{advice}</p>
      <div className="type-choices">
        {contents.sizes
          .filter(({ type }) => includes(type))
          .map((size) => (
            <TypeChoice
              key={size.type}
              size={size}
              file={contents.file}
              isChosen={chosen.includes(size.type)}
              onToggle={onToggle}
            />
          ))}
      </div>
    </fieldset>
  ));
}

function TypeChoice(props: {
  readonly size: FileContents["sizes"][number];
  readonly file: FileContents["file"];
  readonly isChosen: boolean;
  readonly onToggle: (type: string) => void;
}) {
  const { type, bytes } = props.size;
  const { name, facts, bytes: before } = props.file;
  const { data } = useLibrary();
  const isMade = data?.files.some(
    ({ original, facts: theirs, source }) =>
      original === name && (theirs?.type === type || source === `${name} as ${type}`),
  );
  const isSame = facts?.type === type;
  return (
    <label className="check type-choice">
      <input
        type="checkbox"
        checked={props.isChosen}
        disabled={isSame || isMade}
        onChange={() => props.onToggle(type)}
      />
      <span>
        {type}
        <span className="small quiet figures">
          {isSame
            ? "as it is"
            : `${formatBytes(bytes)}, ${formatShare(bytes, before)}${isMade ? ", made" : ""}`}
        </span>
      </span>
    </label>
  );
}
