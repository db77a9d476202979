import { useEffect, useState } from "react";
import { Icon } from "./icon.tsx";

/** Copies a text and says so, to the eye and to a screen reader. */
export function CopyButton({
  text,
  label,
  plain = true,
}: {
  text: string;
  label: string;
  plain?: boolean;
}) {
  const [done, setDone] = useState<"copied" | "failed" | null>(null);
  useEffect(() => {
    if (done === null) return undefined;
    const timer = setTimeout(() => setDone(null), 2500);
    return () => clearTimeout(timer);
  }, [done]);

  const copy = () => {
    void writeClipboard(text).then((worked) => setDone(worked ? "copied" : "failed"));
  };
  return (
    <button type="button" className={plain ? "button plain" : "button"} onClick={copy}>
      <Icon name={done === "copied" ? "check" : "copy"} size={15} />
      <span aria-live="polite">
        {done === "copied" ? "Copied" : done === "failed" ? "Select and copy by hand" : label}
      </span>
    </button>
  );
}

/** The clipboard API exists on HTTPS and localhost only; elsewhere the old way still works. */
async function writeClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.readOnly = true;
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  const worked = document.execCommand("copy");
  area.remove();
  return worked;
}
