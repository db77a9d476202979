import { createHmac } from "node:crypto";
import { cardNumber } from "../detectors/card-number.ts";
import { digitsOf, passesLuhn, passesMod97 } from "../detectors/checksums.ts";
import { nationalIds } from "../detectors/national-ids.ts";
import { NAME, type Told, sameFor } from "./grouping.ts";
import { personalIn } from "./personal.ts";
import { type Next, addressLike, dateLike, nameLike } from "./word-forms.ts";

/** So often another one is made until it passes the checks of its kind. */
const MOST_TRIES = 300;

/** What is not looked at again: it is right as it is made, or is told by the words before it. */
const NOT_CHECKED: ReadonlySet<string> = new Set([
  "pii.email",
  "pii.iban",
  "pii.ip_address",
  "pii.mac_address",
  "pii.passport",
  "pii.birth_date",
]);

/**
 * What stands for a value upstream: of the same form, so that it still passes where such a value is
 * checked, and the same each time for the same key, however the value is grouped. `attempt` gives another
 * one.
 */
export function placeholderFor(told: Told, key: Uint8Array, attempt: number): string {
  if (told.detector === NAME) {
    return nameLike(told.value, (word) => numbersFrom(key, `${attempt} ${NAME} ${word}`));
  }
  const next = numbersFrom(key, `${attempt} ${told.detector} ${sameFor(told)}`);
  const isChecked = !NOT_CHECKED.has(told.detector) && isOne(told);
  let made = told.value;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    made = likeIt(told, next);
    if (made !== told.value && (!isChecked || isOne({ ...told, value: made }))) break;
  }
  return made;
}

const OF_STATES = new Map(nationalIds.map((one) => [one.name, one]));

/** Whether the guard would take it for one, too: then it is found where it comes back. */
function isOne({ detector, value }: Told): boolean {
  if (detector === cardNumber.name) return cardNumber.isReal?.(value) ?? true;
  // A checksum is seen sooner than a form.
  if (OF_STATES.get(detector)?.isReal?.(value) === false) return false;
  const [found] = personalIn(value);
  return found?.detector === detector && found.start === 0 && found.end === value.length;
}

function likeIt({ detector, value }: Told, next: Next): string {
  switch (detector) {
    case "pii.email":
      return `${letters(next, 10)}@vault.example`;
    case "pii.iban":
      return withIbanCheck(shuffled(value, next, { from: 4 }));
    case "pii.card_number":
      return withLuhnCheck(shuffled(value, next));
    case "pii.ip_address":
      return value.includes(":")
        ? shuffled(value, next, { letters: "abcdef" })
        : `10.${next(256)}.${next(256)}.${next(256)}`;
    case "pii.mac_address":
      return shuffled(value, next, { letters: "abcdef" });
    case "pii.crypto_wallet":
      return walletLike(value, next);
    case "pii.phone":
      return shuffled(value, next, {
        from: value.startsWith("+") ? 3 : value.startsWith("0") ? 1 : 0,
      });
    case "pii.street_address":
      return addressLike(value, next);
    case "pii.birth_date":
      return dateLike(value, next);
    default:
      return nationalLike({ detector, value }, next);
  }
}

/** Numbers of states: what is the same for many people stays where a check wants it. */
function nationalLike({ detector, value }: Told, next: Next): string {
  switch (detector) {
    case "pii.cn_id": // the century, and 10 for a last X
      return `${shuffled(value.slice(0, 6), next)}${value.slice(6, 8)}${shuffled(value.slice(8, -1), next)}${"0123456789X"[next(11)]}`;
    case "pii.se_personnummer":
      return swedishLike(value, next);
    case "pii.ch_ahv":
      return shuffled(value, next, { from: 3 });
    case "pii.es_nif":
      return shuffled(value, next, { from: /^[XYZ]/i.test(value) ? 1 : 0 });
    case "pii.fr_nir":
      return withLastDigits(shuffled(value, next, { from: 1 }), detector);
    case "pii.br_cpf":
      return withLastDigits(shuffled(value, next), detector);
    default:
      return shuffled(value, next);
  }
}

/** Numbers that follow from a key and a text. */
function numbersFrom(key: Uint8Array, text: string): Next {
  let round = 0;
  let bytes = Buffer.alloc(0);
  let at = 0;
  return (bound) => {
    if (at + 2 > bytes.length) {
      bytes = createHmac("sha256", key).update(`${round++} ${text}`).digest();
      at = 0;
    }
    at += 2;
    return bytes.readUInt16BE(at - 2) % bound;
  };
}

const ALPHABET = "abcdefghijklmnopqrstuvwxyz";

function letters(next: Next, count: number): string {
  return Array.from({ length: count }, () => ALPHABET.charAt(next(26))).join("");
}

/** Other digits and letters in the same places, from the character `from` on. */
function shuffled(
  value: string,
  next: Next,
  { from = 0, letters: alphabet = ALPHABET }: { from?: number; letters?: string } = {},
): string {
  const rest = value.slice(from).replaceAll(/[0-9A-Za-z]/g, (char) => {
    if (/\d/.test(char)) return String(next(10));
    const letter = alphabet.charAt(next(alphabet.length));
    return char === char.toUpperCase() ? letter.toUpperCase() : letter;
  });
  return value.slice(0, from) + rest;
}

const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BECH32 = "023456789acdefghjklmnpqrstuvwxyz";

function walletLike(value: string, next: Next): string {
  if (value.startsWith("0x")) return shuffled(value, next, { from: 2, letters: "abcdef" });
  const [from, alphabet] = value.startsWith("bc1") ? [3, BECH32] : [1, BASE58];
  const rest = value.slice(from).replaceAll(/./g, () => alphabet.charAt(next(alphabet.length)));
  return value.slice(0, from) + rest;
}

/** A birth date, and four digits of which the last one is Luhn's. */
function swedishLike(value: string, next: Next): string {
  const date = value.length - 11; // behind the century, where it is there
  const two = (number: number) => String(number).padStart(2, "0");
  const made = `${two(next(100))}${two(next(12) + 1)}${two(next(28) + 1)}`;
  return `${value.slice(0, date)}${made}${value.charAt(date + 6)}${shuffled(value.slice(-4), next)}`;
}

/** The last digit as Luhn's check wants it. */
function withLuhnCheck(value: string): string {
  const at = value.search(/\d\D*$/);
  for (let digit = 0; digit < 10; digit++) {
    const tried = value.slice(0, at) + String(digit) + value.slice(at + 1);
    if (passesLuhn(digitsOf(tried))) return tried;
  }
  return value;
}

/** The two digits behind the country as ISO 7064 wants them. */
function withIbanCheck(value: string): string {
  for (let check = 2; check < 99; check++) {
    const tried = value.slice(0, 2) + String(check).padStart(2, "0") + value.slice(4);
    if (passesMod97(tried.replaceAll(/[ -]/g, "").toUpperCase())) return tried;
  }
  return value;
}

/** The last two digits as the kind's own check wants them. */
function withLastDigits(value: string, detector: string): string {
  for (let check = 0; check < 100; check++) {
    const tried = value.slice(0, -2) + String(check).padStart(2, "0");
    if (OF_STATES.get(detector)?.isReal?.(tried)) return tried;
  }
  return value;
}
