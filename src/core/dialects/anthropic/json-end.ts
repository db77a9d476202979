/** Follows JSON text as it grows and says when its object or array is closed. */
export interface JsonEnd {
  push(text: string): boolean;
}

/** Looks at each character once, whatever the pieces are. */
export function createJsonEnd(): JsonEnd {
  let depth = 0;
  let inString = false;
  let escaped = false;
  let done = false;

  function see(char: string): void {
    if (escaped) escaped = false;
    else if (inString) {
      if (char === "\\") escaped = true;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === "{" || char === "[") depth += 1;
    else if (char === "}" || char === "]") {
      depth -= 1;
      done ||= depth === 0;
    }
  }

  return {
    push(text) {
      for (let at = 0; at < text.length && !done; at += 1) see(text.charAt(at));
      return done;
    },
  };
}
