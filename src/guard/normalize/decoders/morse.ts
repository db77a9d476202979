import type { Decoded, Decoder } from "../decoder.ts";
import { SIGN } from "../profile.ts";
import { asText } from "../text-like.ts";

const LETTERS = "etianmsurwdkgohvf?l?pjbxcyzq??";
const DIGITS = [
  "-----",
  ".----",
  "..---",
  "...--",
  "....-",
  ".....",
  "-....",
  "--...",
  "---..",
  "----.",
];
const CODES: ReadonlyMap<string, string> = new Map([
  ...Array.from(LETTERS, (letter, index): [string, string] => [codeAt(index), letter]),
  ...DIGITS.map((code, digit): [string, string] => [code, String(digit)]),
]);

/** The letters stand in the order of the tree: one step to the left is a dot, to the right a dash. */
function codeAt(index: number): string {
  const path = (index + 2).toString(2).slice(1);
  return path.replaceAll("0", ".").replaceAll("1", "-");
}

const RUN = /(?:[.\-_]{1,5}(?: ?[/|] ?| {1,3}|\n|$)){8,}/g;

export const morse: Decoder = {
  step: "morse",
  signs: SIGN.marks,
  decode(text) {
    const found: Decoded[] = [];
    for (const { 0: run, index } of text.matchAll(RUN)) {
      const words = run
        .trim()
        .replaceAll("_", "-")
        .split(/ ?[/|] ?| {2,}|\n/);
      const said = asText(words.map(toWord).join(" "));
      if (said !== undefined && !said.includes("?")) {
        found.push({ text: said, start: index, end: index + run.length });
      }
    }
    return found;
  },
};

function toWord(codes: string): string {
  return codes
    .trim()
    .split(" ")
    .map((code) => CODES.get(code) ?? "?")
    .join("");
}
