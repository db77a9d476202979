import type { Decoder } from "../decoder.ts";
import { SIGN } from "../profile.ts";
import { hasKnownWord } from "../vocabulary.ts";

/** Letters that look like Latin ones: what compatibility folding (NFKC) leaves as it is. */
const LOOKALIKES = new Map<string, string>();
for (const [latin, others] of Object.entries({
  a: "аАαΑɑᴀɐ",
  b: "ЬВвΒʙƄᏏЪ",
  c: "сСϲϹᴄⅽƈɔ",
  d: "ԁᴅɗⅾժ",
  e: "еЕέεΕҽᴇєЄǝ",
  f: "ғſƒꜰϝɟ",
  g: "ɡɢԌցɠ",
  h: "һНнΗʜհɥ",
  i: "іІιΙɪӏᎥɩ",
  j: "јЈʝᴊϳɾ",
  k: "кКκΚᴋƙʞ",
  l: "ӏⅼʟɭӀ",
  m: "мМΜᴍⅿɯ",
  n: "ոпПηΝɴռ",
  o: "оОοΟσᴏօ০०",
  p: "рРρΡᴘ",
  q: "ԛգɋ",
  r: "гᴦʀɼɹ",
  s: "ѕЅꜱʂ",
  t: "тТτΤᴛʇ",
  u: "υսᴜμʋ",
  v: "ѵνᴠѴʌ",
  w: "ԝѡωᴡɯʍ",
  x: "хХχΧҳ",
  y: "уУγΥʏүʎ",
  z: "ᴢʐΖ",
})) {
  for (const other of others) if (!LOOKALIKES.has(other)) LOOKALIKES.set(other, latin);
}
/** White letters on black rounds and squares, and the halves of flags. */
for (const first of [0x1f150, 0x1f170, 0x1f1e6]) {
  for (let letter = 0; letter < 26; letter++) {
    LOOKALIKES.set(String.fromCodePoint(first + letter), String.fromCharCode(97 + letter));
  }
}

const WORD = /[\p{L}\p{M}\u{1F150}-\u{1F189}\u{1F1E6}-\u{1F1FF}]{3,}/gu;
const LATIN = /[a-z]/i;
/** Marks that no letter took up: heaped upon letters to hide them. */
const MARKS = /[\u0300-\u036F]+/g;
/** Small capitals and letters of phonetic script: beside Latin ones in no script at all. */
const PHONETIC = /^[\u0250-\u02AF\u1D00-\u1D7F\uA730\uA731a-z]+$/i;
/** Without one of these a line is as it looks: Latin beside another script, or what is in none. */
const HINT =
  /[\u0250-\u02AF\u1D00-\u1D7F\uA730\uA731]|[\u0300-\u036F]|[a-zA-Z][\u0250-\u1FFF]|[\u0250-\u1FFF][a-zA-Z]|\uD83C[\uDD50-\uDD89\uDDE6-\uDDFF]/;
/** Nor without one of these, which is asked faster. */
const ODD = /[\u0250-\u1FFF\uA730\uA731\uD83C]/;
const LINE = /[^\n]+/g;
/** As many changed words say that it was done on purpose, in whichever language. */
const MANY = 3;

/**
 * Words in which letters of several scripts stand side by side, as nobody writes them. A text wholly
 * in Greek or Russian is left alone.
 */
export const homoglyphs: Decoder = {
  step: "homoglyphs",
  signs: SIGN.beyondAscii,
  decode: (text) =>
    hasHint(text)
      ? Array.from(text.matchAll(LINE)).flatMap(({ 0: line, index }) => {
          const said = hasHint(line) ? unmasked(line) : line;
          return said === line ? [] : [{ text: said, start: index, end: index + line.length }];
        })
      : [],
};

function hasHint(text: string): boolean {
  return ODD.test(text) && HINT.test(text);
}

function unmasked(line: string): string {
  const bare = line.replace(MARKS, "");
  const changed = (bare.match(WORD) ?? []).filter(isMasked).map(toLatin);
  const isMarked = bare.length < line.length * 0.9;
  if (!isMarked && changed.length < MANY && !hasKnownWord(changed)) return line;
  return bare.replace(WORD, (word) => toLatin(word));
}

/** Latin letters and look-alikes in one word; or letters that belong to no script. */
function isMasked(word: string): boolean {
  const chars = Array.from(word);
  if (!chars.some((char) => LOOKALIKES.has(char)) || toLatin(word) === word) return false;
  return LATIN.test(word) || PHONETIC.test(word) || chars.every((char) => char > "\uD800");
}

/** The word in Latin letters, in lower case; as it was when it has letters like no Latin one. */
function toLatin(word: string): string {
  const chars = Array.from(word);
  const isReadable = chars.every(
    (char) => LOOKALIKES.has(char) || LATIN.test(char) || char < "\u0250",
  );
  return isReadable
    ? chars
        .map((char) => LOOKALIKES.get(char) ?? char)
        .join("")
        .toLowerCase()
    : word;
}
