/** What databases keep no text with: zero bytes, and halves of a character. */
const ODD = /\0|\p{Surrogate}/u;
const ODD_JSON = /\\u(?:0000|d[89a-f])/;

export function storable(text: string): string {
  return ODD.test(text) ? text.toWellFormed().replaceAll("\0", "\ufffd") : text;
}

/** JSON of rows of texts and numbers, some of whose texts are JSON themselves. */
export function storableJson(rows: readonly object[]): string {
  const json = JSON.stringify(rows);
  return ODD_JSON.test(json) ? JSON.stringify(rows.map(storableFields)) : json;
}

function storableFields(row: object): object {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => {
      if (Array.isArray(value)) return [name, value.map((one) => storable(String(one)))];
      if (typeof value !== "string") return [name, value];
      return [name, value.startsWith("{") ? storableObject(value) : storable(value)];
    }),
  );
}

/** A text that only looks like JSON is a text. */
function storableObject(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), (_, value: unknown) => storableValue(value));
  } catch {
    return storable(text);
  }
}

function storableValue(value: unknown): unknown {
  if (typeof value === "string") return storable(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [storable(name), one]));
}
