/** What an address that LangSmith's SDKs print means here. */
export type Place =
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "shared"; readonly token: string }
  | { readonly kind: "dataset"; readonly id: string }
  | { readonly kind: "prompt"; readonly name: string; readonly commit: string | null }
  | { readonly kind: "unknown" };

const PATTERNS: readonly (readonly [RegExp, (...parts: string[]) => Place])[] = [
  // The run of a project; whatever stands between is the project's.
  [/^\/o\/[^/]+\/projects\/p\/[^/]+\/r\/([^/]+)$/, (id) => toPath(`/traces/${id}`)],
  [/^\/o\/[^/]+\/projects\/p\/([^/]+)$/, (id) => toPath(`/traces?window=all&project=${id}`)],
  [/^\/o\/[^/]+\/r\/([^/]+)$/, (id) => toPath(`/traces/${id}`)],
  [/^\/o\/[^/]+\/projects\/?$/, () => toPath("/traces")],
  [/^\/o\/[^/]+\/datasets\/([^/]+)(?:\/.*)?$/, (id) => ({ kind: "dataset", id })],
  [/^\/public\/([^/]+)\/r(?:\/.*)?$/, (token) => ({ kind: "shared", token })],
  [/^\/prompts\/([^/]+)(?:\/([^/]+))?$/, toPrompt],
  [/^\/hub\/[^/]+\/([^/]+)(?:\/([^/]+))?$/, toPrompt],
];

export function placeOf(path: string): Place {
  for (const [pattern, place] of PATTERNS) {
    const found = pattern.exec(path);
    if (found) return place(...found.slice(1));
  }
  return { kind: "unknown" };
}

function toPath(path: string): Place {
  return { kind: "path", path };
}

function toPrompt(name: string, commit?: string): Place {
  return { kind: "prompt", name: decoded(name), commit: commit ?? null };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
