import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { Icon } from "../../parts/icon.tsx";
import type { Draft } from "./conversation.ts";
import { readImages } from "./read-images.ts";

interface ComposerProps {
  readonly draft: Draft;
  readonly onDraft: (draft: Draft) => void;
  readonly onSend: (draft: Draft) => void;
  readonly onStop: () => void;
  readonly busy: boolean;
  readonly ready: boolean;
}

/** Where a message is written. Enter sends, Shift+Enter breaks the line, Escape stops an answer. */
export function Composer({ draft, onDraft, onSend, onStop, busy, ready }: ComposerProps) {
  const [problem, setProblem] = useState<string | null>(null);
  const { text, images } = draft;
  const submit = () => {
    if (text.trim() !== "") onSend(draft);
  };
  const attach = async (files: readonly File[]) => {
    const read = await readImages(files, images.length);
    setProblem(read.problem);
    onDraft({ ...draft, images: [...images, ...read.images] });
  };
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <MessageArea
        text={text}
        onText={(typed) => onDraft({ ...draft, text: typed })}
        onSubmit={submit}
        onFiles={(files) => void attach(files)}
      />
      <Attached
        images={images}
        onRemove={(gone) => onDraft({ ...draft, images: images.filter((_, at) => at !== gone) })}
      />
      {problem !== null && (
        <p className="field-problem small" role="alert">
          {problem}
        </p>
      )}
      <div className="composer-foot">
        <AttachButton onFiles={(files) => void attach(files)} />
        <p id="message-hint" className="small quiet">
          Enter sends · Shift+Enter new line · Esc stops
        </p>
        <SendButton onStop={busy ? onStop : null} ready={ready && text.trim() !== ""} />
      </div>
    </form>
  );
}

function MessageArea(props: {
  text: string;
  onText: (text: string) => void;
  onSubmit: () => void;
  onFiles: (files: readonly File[]) => void;
}) {
  const { text, onText, onSubmit, onFiles } = props;
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    // A message that was taken back comes with the cursor in it.
    if (text !== "") area.current?.focus();
  }, [text]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    onSubmit();
  };
  return (
    <>
      <label className="for-screen-readers" htmlFor="message">
        Message
      </label>
      <textarea
        id="message"
        ref={area}
        className="input"
        rows={Math.min(8, Math.max(2, text.split("\n").length))}
        placeholder="Write a message"
        value={text}
        onChange={(event) => onText(event.target.value)}
        onKeyDown={onKeyDown}
        onPaste={(event) => {
          const files = Array.from(event.clipboardData.files);
          if (files.length > 0) onFiles(files);
        }}
        aria-describedby="message-hint"
      />
    </>
  );
}

/** Sends, or stops what is under way. */
function SendButton({ onStop, ready }: { onStop: (() => void) | null; ready: boolean }) {
  if (onStop) {
    return (
      <button type="button" className="button danger" onClick={onStop}>
        <Icon name="stop" size={15} /> Stop
      </button>
    );
  }
  return (
    <button type="submit" className="button primary" disabled={!ready}>
      <Icon name="send" size={16} /> Send
    </button>
  );
}

function AttachButton({ onFiles }: { onFiles: (files: readonly File[]) => void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" className="button plain" onClick={() => input.current?.click()}>
        <Icon name="image" size={16} /> Attach an image
      </button>
      <input
        ref={input}
        type="file"
        hidden
        multiple
        accept="image/png,image/jpeg,image/webp,image/gif"
        aria-label="Image file"
        onChange={(event) => {
          onFiles(Array.from(event.target.files ?? []));
          // The same file may be chosen again after it was taken away.
          event.target.value = "";
        }}
      />
    </>
  );
}

function Attached({
  images,
  onRemove,
}: {
  images: readonly string[];
  onRemove: (index: number) => void;
}) {
  if (images.length === 0) return null;
  return (
    <ul className="attached" aria-label="Attached images">
      {images.map((url, index) => (
        <li key={url}>
          <img src={url} alt={`Attached image ${index + 1}`} />
          <button
            type="button"
            className="button plain"
            aria-label={`Remove image ${index + 1}`}
            onClick={() => onRemove(index)}
          >
            <Icon name="cross" size={13} />
          </button>
        </li>
      ))}
    </ul>
  );
}
