import { useEffect, useRef, type KeyboardEvent } from "react";
import { Icon } from "../../parts/icon.tsx";

interface ComposerProps {
  readonly draft: string;
  readonly onDraft: (text: string) => void;
  readonly onSend: (text: string) => void;
  readonly onStop: () => void;
  readonly busy: boolean;
  readonly ready: boolean;
}

/** Where a message is written. Enter sends, Shift+Enter breaks the line, Escape stops an answer. */
export function Composer({ draft, onDraft, onSend, onStop, busy, ready }: ComposerProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    // A message that was taken back comes with the cursor in it.
    if (draft !== "") area.current?.focus();
  }, [draft]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    if (draft.trim() !== "") onSend(draft);
  };
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        if (draft.trim() !== "") onSend(draft);
      }}
    >
      <label className="for-screen-readers" htmlFor="message">
        Message
      </label>
      <textarea
        id="message"
        ref={area}
        className="input"
        rows={Math.min(8, Math.max(2, draft.split("\n").length))}
        placeholder="Write a message"
        value={draft}
        onChange={(event) => onDraft(event.target.value)}
        onKeyDown={onKeyDown}
        aria-describedby="message-hint"
      />
      <div className="composer-foot">
        <p id="message-hint" className="small quiet">
          Enter sends · Shift+Enter new line · Esc stops
        </p>
        {busy ? (
          <button type="button" className="button danger" onClick={onStop}>
            <Icon name="stop" size={15} /> Stop
          </button>
        ) : (
          <button type="submit" className="button primary" disabled={!ready || draft.trim() === ""}>
            <Icon name="send" size={16} /> Send
          </button>
        )}
      </div>
    </form>
  );
}
