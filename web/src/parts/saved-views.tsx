import { useState, type SubmitEvent } from "react";
import type { SavedView } from "../../../src/http/trace-schemas.ts";
import { useForgetView, useSaveView, useViews } from "../api/trace-queries.ts";
import { Dialog } from "./dialog.tsx";
import { ErrorNotice } from "./feedback.tsx";
import { Icon } from "./icon.tsx";
import { useWhyNot } from "./role.tsx";

interface ViewsProps {
  readonly page: SavedView["page"];
  /** The page's present address, the part after the question mark. */
  readonly search: string;
  readonly onOpen: (search: string) => void;
}

/** Views that somebody saved, for everybody who sees the dashboard; the present one can be added. */
export function SavedViews(props: ViewsProps) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="button" onClick={() => setOpen(true)}>
        <Icon name="models" size={15} /> Views
      </button>
      {open && <ViewsDialog {...props} onClose={() => setOpen(false)} />}
    </>
  );
}

function ViewsDialog({ page, search, onOpen, onClose }: ViewsProps & { onClose: () => void }) {
  const { data: views = [], error } = useViews(page);
  const forget = useForgetView();
  const whyNot = useWhyNot("operator");
  const failed = error ?? forget.error;
  return (
    <Dialog title="Saved views" onClose={onClose}>
      {failed && <ErrorNotice error={failed} />}
      {views.length === 0 ? (
        <p className="quiet">None yet. A view is this page's filter under a name.</p>
      ) : (
        <ul className="views">
          {views.map(({ id, name, query }) => (
            <li key={id} className="row">
              <button
                type="button"
                className="button plain"
                onClick={() => {
                  onOpen(new URLSearchParams(query).toString());
                  onClose();
                }}
              >
                {name}
              </button>
              <button
                type="button"
                className="button plain"
                aria-label={`Forget the view ${name}`}
                title={whyNot}
                disabled={whyNot !== undefined}
                onClick={() => forget.mutate(id)}
              >
                <Icon name="cross" size={14} />
              </button>
            </li>
          ))}
        </ul>
      )}
      <NewView page={page} search={search} whyNot={whyNot} onClose={onClose} />
    </Dialog>
  );
}

function NewView(props: {
  page: SavedView["page"];
  search: string;
  whyNot: string | undefined;
  onClose: () => void;
}) {
  const { page, search, whyNot, onClose } = props;
  const [name, setName] = useState("");
  const save = useSaveView();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const query = Object.fromEntries(new URLSearchParams(search));
    if (name.trim() !== "") save.mutate({ name: name.trim(), page, query });
  };
  return (
    <form className="stack" onSubmit={submit}>
      {save.error && <ErrorNotice error={save.error} />}
      <div className="field">
        <label htmlFor="view-name">Name of the present view</label>
        <input
          id="view-name"
          className="input"
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <p className="hint" role="status">
          {save.isSuccess
            ? "Saved."
            : "A view of the same name is replaced. Everybody who sees the dashboard sees it."}
        </p>
      </div>
      <div className="actions">
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
        <button
          type="submit"
          className="button primary"
          title={whyNot}
          disabled={whyNot !== undefined || name.trim() === ""}
        >
          Save
        </button>
      </div>
    </form>
  );
}
