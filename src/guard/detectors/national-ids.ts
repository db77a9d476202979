import { digitsOf, passesLuhn, passesMod11, passesVerhoeff, weighted } from "./checksums.ts";
import type { Pattern } from "./pattern.ts";

type IdPattern = Pick<Pattern, "shape" | "isReal" | "part" | "ignoreCase">;

function id(name: string, pattern: IdPattern, confidence = 0.9): Pattern {
  return { name: `pii.${name}`, category: "pii", confidence, ...pattern };
}

/** Numbers by which states know people. Each with its checksum, where it has one. */
export const nationalIds: readonly Pattern[] = [
  id("us_ssn", {
    shape: String.raw`\b\d{3}-\d{2}-\d{4}\b`,
    // Never given out: 000, 666, from 900; 00; 0000.
    isReal: (match) => !/^(?:000|666|9)|-00-|-0000$/.test(match),
  }),
  id("uk_nino", {
    shape: String.raw`\b[A-CEGHJ-PR-TW-Za-ceghj-pr-tw-z][A-CEGHJ-NPR-TW-Za-ceghj-npr-tw-z] ?\d{2} ?\d{2} ?\d{2} ?[A-Da-d]\b`,
    isReal: (match) => !/^(?:bg|gb|kn|nk|nt|tn|zz)/i.test(match),
  }),
  id("cn_id", {
    shape: String.raw`\b[1-8]\d{5}(?:19|20)\d{9}[\dXx]\b`,
    isReal: passesMod11,
  }),
  id("es_nif", {
    shape: String.raw`\b(?:\d{8}|[XYZ]\d{7})-?[A-Z]\b`,
    ignoreCase: true,
    isReal: isSpanish,
  }),
  id("fr_nir", {
    shape: String.raw`\b[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}\b`,
    isReal: isFrench,
  }),
  id("it_codice_fiscale", {
    shape: String.raw`\b[A-Z]{6}\d{2}[A-EHLMPR-T]\d{2}[A-Z]\d{3}[A-Z]\b`,
    ignoreCase: true,
  }),
  id("br_cpf", {
    shape: String.raw`\b\d{3}\.\d{3}\.\d{3}-\d{2}\b`,
    isReal: isBrazilian,
  }),
  id("in_aadhaar", {
    shape: String.raw`\b[2-9]\d{3}[ -]\d{4}[ -]\d{4}\b`,
    isReal: (match) => passesVerhoeff(digitsOf(match)),
  }),
  id("in_pan", { shape: String.raw`\b[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]\b` }, 0.85),
  id("ch_ahv", {
    shape: String.raw`\b756\.\d{4}\.\d{4}\.\d{2}\b`,
    isReal: isSwiss,
  }),
  id("se_personnummer", {
    shape: String.raw`\b(?:19|20)?\d{2}(?:0[1-9]|1[0-2])[0-3]\d[-+]\d{4}\b`,
    isReal: (match) => passesLuhn(digitsOf(match).slice(-10)),
  }),
  id("ca_sin", {
    shape: String.raw`\b[1-79]\d{2} \d{3} \d{3}\b`,
    isReal: (match) => passesLuhn(digitsOf(match)),
  }),
  id("passport", {
    shape: String.raw`\bpassport(?: (?:no|number|nr|id))?\.?:? (?:is )?[A-Z]{0,2}\d{6,9}\b`,
    ignoreCase: true,
    part: (match) => [match.lastIndexOf(" ") + 1, match.length],
  }),
];

/** The letter is the number modulo 23 (Real Decreto 1553/2005). */
function isSpanish(match: string): boolean {
  const plain = match.replace("-", "").toUpperCase();
  const number = Number(
    plain.slice(0, -1).replace(/^[XYZ]/, (letter) => String("XYZ".indexOf(letter))),
  );
  return "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23] === plain.at(-1);
}

/** The key is 97 less the number modulo 97; Corsica's 2A and 2B count as 19 and 18. */
function isFrench(match: string): boolean {
  const plain = match.replaceAll(" ", "").toUpperCase().replace("2A", "19").replace("2B", "18");
  return 97 - (Number(plain.slice(0, 13)) % 97) === Number(plain.slice(13));
}

function isBrazilian(match: string): boolean {
  const digits = digitsOf(match);
  if (/^(\d)\1+$/.test(digits)) return false;
  const check = (length: number) => {
    const weights = Array.from({ length }, (_, at) => length + 1 - at);
    const rest = weighted(digits, weights, 11);
    return (rest < 2 ? 0 : 11 - rest) === Number(digits[length]);
  };
  return check(9) && check(10);
}

/** EAN-13's check digit. */
function isSwiss(match: string): boolean {
  return weighted(digitsOf(match), [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1], 10) === 0;
}
