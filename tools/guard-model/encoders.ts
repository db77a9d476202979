/** Ways to hide a text: the decoders of `src/guard/normalize` run backwards. */
export const ENCODERS: Readonly<Record<string, (text: string) => string>> = {
  base64: (text) => Buffer.from(text).toString("base64"),
  hex: (text) => Buffer.from(text).toString("hex"),
  url: (text) => encodeURIComponent(text),
  "html entities": (text) => Array.from(text, (char) => `&#${char.codePointAt(0)};`).join(""),
  rot13: (text) => text.replace(/[a-z]/gi, shifted),
  reversed: (text) => Array.from(text).toReversed().join(""),
  leet: (text) => mapped(text, "aeiost", "431057"),
  homoglyphs: (text) => mapped(text, "aeopcx", "аеорсх"),
  "zero width": (text) => Array.from(text).join("\u200B"),
  "letter spacing": (text) =>
    text
      .split(" ")
      .map((word) => Array.from(word).join(" "))
      .join("   "),
  "unicode tags": (text) =>
    Array.from(Buffer.from(text), (byte) => String.fromCodePoint(0xe0000 + (byte & 0x7f))).join(""),
  "variation selectors": (text) =>
    `😀${Array.from(Buffer.from(text), (byte) => String.fromCodePoint(byte < 16 ? 0xfe00 + byte : 0xe00f0 + byte)).join("")}`,
  "rot13 in base64": (text) => Buffer.from(text.replace(/[a-z]/gi, shifted)).toString("base64"),
};

function shifted(letter: string): string {
  return String.fromCharCode(letter.charCodeAt(0) + (letter.toLowerCase() < "n" ? 13 : -13));
}

function mapped(text: string, from: string, to: string): string {
  return text.replace(/[a-z]/gi, (char) => to[from.indexOf(char.toLowerCase())] ?? char);
}
