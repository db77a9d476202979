/** A field longer than this is kept cut. */
export const MAX_FIELD_BYTES = 20 * 1024 * 1024;

/**
 * A value cut to about so many bytes of JSON: long texts in it lose their ends, shorter ones too until
 * it fits. What is long by its number of parts becomes the beginning of its JSON text.
 */
export function cutValue(value: unknown, maxBytes: number): unknown {
  for (let longest = Math.floor(maxBytes / 2); longest >= 256; longest = Math.floor(longest / 4)) {
    const cut = withShortTexts(value, longest);
    if (JSON.stringify(cut).length <= maxBytes) return cut;
  }
  return { truncated: JSON.stringify(value).slice(0, maxBytes) };
}

function withShortTexts(value: unknown, longest: number): unknown {
  if (typeof value === "string") return cutText(value, longest);
  if (Array.isArray(value)) return value.map((one) => withShortTexts(one, longest));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, withShortTexts(one, longest)]),
  );
}

/** The beginning of a text, with how long it was. */
export function cutText(text: string, longest: number): string {
  return text.length <= longest
    ? text
    : `${text.slice(0, longest)}… [cut by Weir: ${text.length} characters]`;
}
