import { CodeBox } from "../../parts/feedback.tsx";
import { splitFences } from "./split-fences.ts";

/** An answer as far as it came: text as it was written, code in a box of its own. */
export function AnswerText({ text, growing }: { text: string; growing: boolean }) {
  if (text === "" && growing) return <p className="growing quiet">Waiting for the first token</p>;
  const pieces = splitFences(text);
  return pieces.map(({ kind, text }, index) => {
    const key = `${index} ${kind}`;
    const last = growing && index === pieces.length - 1;
    if (kind === "code") return <CodeBox key={key} code={text} label="Code" />;
    return (
      <p key={key} className={last ? "growing" : ""}>
        {text}
      </p>
    );
  });
}
