import { useId, useState, type SubmitEvent } from "react";
import { useBegin } from "../../api/library-queries.ts";
import { ErrorNotice } from "../../parts/feedback.tsx";
import { Icon } from "../../parts/icon.tsx";
import { useWhyNot } from "../../parts/role.tsx";

/** Fetches a model into the library. */
export function PullForm() {
  const [source, setSource] = useState("");
  const begin = useBegin("pull");
  const whyNot = useWhyNot("operator");
  const id = useId();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    begin.mutate([{ source: source.trim() }], { onSuccess: () => setSource("") });
  };
  return (
    <form className="panel stack" onSubmit={submit} aria-label="Pull a model">
      <div className="model-pull">
        <div className="field">
          <label htmlFor={id}>Pull a model</label>
          <input
            id={id}
            className="input mono"
            placeholder="hf:ORG/REPO-GGUF:Q4_K_M"
            spellCheck={false}
            autoComplete="off"
            maxLength={2000}
            aria-describedby={`${id}-hint`}
            value={source}
            onChange={(event) => setSource(event.target.value)}
          />
        </div>
        <button
          type="submit"
          className="button primary"
          disabled={source.trim() === "" || begin.isPending || whyNot !== undefined}
          title={whyNot}
        >
          <Icon name="plus" size={16} /> Pull
        </button>
      </div>
      <p id={`${id}-hint`} className="small quiet">
        A repository of the model hub that has GGUF files, and after the colon which of them; or the
        https address of a file. It is fetched in parts, checked by its hash, and after a break it
        goes on where it was.
      </p>
      {begin.error && <ErrorNotice error={begin.error} />}
    </form>
  );
}
