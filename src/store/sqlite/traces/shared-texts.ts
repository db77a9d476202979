/**
 * Long texts that come again – system prompts, manifests – are kept once. In a payload their place is
 * taken by a mark; a text that looks like a mark gets one more sign before it.
 */
const LEAST_CHARS = 512;
const SIGN = "\u0001";
const MARK = new RegExp(`^${SIGN}t(\\d+)$`);

/** The payload as it is kept; `share` gives the number of a text that is kept once, undefined for others. */
export function takeOutTexts(
  payload: unknown,
  share: (text: string) => number | undefined,
): unknown {
  return mapTexts(payload, (text) => {
    if (text.startsWith(SIGN)) return SIGN + text;
    if (text.length < LEAST_CHARS) return text;
    const id = share(text);
    return id === undefined ? text : `${SIGN}t${id}`;
  });
}

export function putBackTexts(kept: unknown, textOf: (id: number) => string): unknown {
  return mapTexts(kept, (text) => {
    if (!text.startsWith(SIGN)) return text;
    const mark = MARK.exec(text);
    return mark ? textOf(Number(mark[1])) : text.slice(SIGN.length);
  });
}

/** The numbers of the texts that a kept payload's JSON refers to. */
export function sharedIn(json: string): number[] {
  return Array.from(json.matchAll(/"\\u0001t(\d+)"/g), ([, id]) => Number(id));
}

/** A copy where a text changed, and the very same value where none did. */
function mapTexts(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === "string") return map(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined;
    for (let index = 0; index < value.length; index++) {
      const mapped = mapTexts(value[index], map);
      if (mapped !== value[index]) (copy ??= [...value])[index] = mapped;
    }
    return copy ?? value;
  }
  const fields = value as Readonly<Record<string, unknown>>;
  let copy: Record<string, unknown> | undefined;
  for (const name in fields) {
    const mapped = mapTexts(fields[name], map);
    if (mapped !== fields[name]) (copy ??= { ...fields })[name] = mapped;
  }
  return copy ?? value;
}
