/** For each ASCII character, whether it is one of these (a class, as in an expression). */
export function tableOf(characters: RegExp): Uint8Array {
  return Uint8Array.from({ length: 128 }, (_, code) =>
    characters.test(String.fromCharCode(code)) ? 1 : 0,
  );
}

/**
 * Where a run of such characters that begins here ends. A look at each character finds the long runs among
 * many short ones sooner than an expression does.
 */
export function runEnd(text: string, from: number, table: Uint8Array): number {
  let at = from;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 128 || table[code] === 0) break;
  }
  return at;
}
