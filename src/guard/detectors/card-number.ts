import { NONE, type Rule, UNDECIDED } from "./rule.ts";

const MIN_DIGITS = 13;
const MAX_DIGITS = 19;

/** Payment-card numbers: 13 to 19 digits, singly parted by spaces or dashes, that pass Luhn's checksum. */
export const cardNumber: Rule = {
  name: "pii.card_number",
  category: "pii",
  confidence: 0.95,
  starts: ["2", "3", "4", "5", "6"],
  match(text, at, isEnd) {
    let digits = "";
    let end = at;
    let next = at;
    for (; next < text.length; next++) {
      const char = text.charAt(next);
      if (isDigit(char)) {
        digits += char;
        end = next + 1;
        if (digits.length > MAX_DIGITS) return NONE;
      } else if (!isSeparator(char) || next !== end) break;
    }
    if (next === text.length && !isEnd) return UNDECIDED;
    if (digits.length < MIN_DIGITS || /\w/.test(text.charAt(end))) return NONE;
    return passesLuhn(digits) && !/^(\d)\1+$/.test(digits) ? end : NONE;
  },
};

function isDigit(char: string): boolean {
  return char >= "0" && char <= "9";
}

function isSeparator(char: string): boolean {
  return char === " " || char === "-";
}

/** ISO/IEC 7812-1, annex B. */
function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += index % 2 === 0 ? digit : doubled;
  }
  return sum % 10 === 0;
}
