import { digitsOf, passesLuhn } from "./checksums.ts";
import type { Pattern } from "./pattern.ts";

/** Payment-card numbers: 13 to 19 digits, in groups as on cards or not, of an issuer's length, that pass Luhn's checksum. */
export const cardNumber: Pattern = {
  name: "pii.card_number",
  category: "pii",
  confidence: 0.95,
  // In one piece; in fours; in four, six and the rest; digit by digit.
  shape: String.raw`\b[2-6](?:\d{12,18}|\d{3}(?:[ -]\d{4}){2}[ -]\d{1,4}(?:[ -]\d{1,3})?|\d{3}[ -]\d{6}[ -]\d{4,5}|(?:[ -]\d){12,18})\b`,
  isReal(match) {
    const digits = digitsOf(match);
    return isIssued(digits) && passesLuhn(digits);
  },
};

/** What issuers' numbers begin with, and how long they are. */
const ISSUERS: readonly (readonly [prefix: RegExp, lengths: readonly number[]])[] = [
  [/^4/, [13, 16, 19]],
  [/^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]],
  [/^3[47]/, [15]],
  [/^(?:30[0-5]|309|36|38|39)/, [14, 16, 17, 18, 19]],
  [/^35(?:2[89]|[3-8])/, [16, 17, 18, 19]],
  [/^(?:6011|64[4-9]|65)/, [16, 17, 18, 19]],
  [/^62/, [16, 17, 18, 19]],
  [/^220[0-4]/, [16, 17, 18, 19]],
  [/^(?:50|5[6-9]|6[0-9])/, [13, 14, 15, 16, 17, 18, 19]],
];

function isIssued(digits: string): boolean {
  const isKnown = ISSUERS.some(
    ([prefix, lengths]) => prefix.test(digits) && lengths.includes(digits.length),
  );
  return isKnown && !/^(\d)\1+$/.test(digits);
}
