/** A list of models as it is typed: names by commas, `*` at the end of one for any rest; empty for all. */

const PATTERN = /^[\w./:@-]*\*?$/;

export function toModels(text: string): readonly string[] | null {
  const names = text.split(/[\s,]+/).filter(Boolean);
  return names.length === 0 ? null : names;
}

/** Why the text is no such list; null when it is. */
export function modelsProblem(text: string): string | null {
  const wrong = toModels(text)?.find((name) => !PATTERN.test(name));
  return wrong === undefined ? null : `“${wrong}”: names with * only at their end, as gpt-*`;
}
