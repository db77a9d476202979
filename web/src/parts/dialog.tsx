import { useEffect, useId, useRef, type ReactNode } from "react";

/** A native modal dialog: the browser keeps the focus inside, Escape closes, focus goes back. */
export function Dialog(props: {
  title: string;
  wide?: boolean;
  onClose: () => void;
  children: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  useEffect(() => {
    const element = dialog.current;
    const opener = document.activeElement;
    element?.showModal();
    return () => {
      element?.close();
      // What opened it may be gone, as a revoked key's button: then the page gets the focus.
      const back = opener?.isConnected ? opener : document.querySelector("#main");
      if (back instanceof HTMLElement) back.focus();
    };
  }, []);

  return (
    <dialog
      ref={dialog}
      className={props.wide ? "dialog wide" : "dialog"}
      aria-labelledby={title}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
    >
      <div className="stack">
        <h2 id={title}>{props.title}</h2>
        {props.children}
      </div>
    </dialog>
  );
}
