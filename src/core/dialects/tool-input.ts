/**
 * A call's arguments as the object that most dialects want. What the model wrote wrongly goes on under
 * the key that Anthropic's guide names for it, so that nobody mistakes it for a call without arguments.
 */
export function toToolInput(text: string): Record<string, unknown> {
  if (text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // Told below, like a value that is no object.
  }
  return { INVALID_JSON: text };
}

/** A call's id in the letters that the strictest upstreams take: other vendors' have dots and colons. */
export function toPlainId(id: string): string {
  return id.replaceAll(/[^a-zA-Z0-9_-]/g, "_");
}
