/** A piece of an answer: plain text, or a block of code between fences. */
export interface Piece {
  readonly kind: "text" | "code";
  readonly text: string;
}

const FENCE = /^ {0,3}(?:`{3,}|~{3,})/;

/**
 * Parts an answer at its code fences, so that code keeps its columns. Everything else is shown as
 * the model wrote it. A fence that is still open, as in a growing answer, reaches to the end.
 */
export function splitFences(answer: string): Piece[] {
  const pieces: Piece[] = [];
  let kind: Piece["kind"] = "text";
  let lines: string[] = [];

  function close(): void {
    const text = lines.join("\n");
    if (text.trim() !== "") pieces.push({ kind, text: kind === "text" ? text.trim() : text });
    lines = [];
  }

  for (const line of answer.split("\n")) {
    if (!FENCE.test(line)) {
      lines.push(line);
      continue;
    }
    close();
    kind = kind === "text" ? "code" : "text";
  }
  close();
  return pieces;
}
