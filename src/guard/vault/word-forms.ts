/** Values that are words as much as numbers: what tells their kind stays, the rest is another. */

/** A number below a bound. */
export type Next = (bound: number) => number;

/** Words by which an address is known as one. */
const STREET =
  /^(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|way|court|ct|place|pl|square|sq|terrace|crescent|close|rue|chemin|impasse|allée|quai|bis|ter|de|du|des|la|le|les|l|d)$/i;
/** German ones end in it. */
const STREET_END = /(?:straße|strasse|str|weg|platz|allee|gasse)$/;

/** An address of the same form: other names, other numbers. */
export function addressLike(value: string, next: Next): string {
  return value.replaceAll(/\p{L}+|\d/gu, (part) => {
    if (/\d/.test(part)) return String(next(10));
    if (STREET.test(part)) return part;
    const [end = ""] = STREET_END.exec(part) ?? [];
    return otherLetters(part.slice(0, part.length - end.length), next) + end;
  });
}

function otherLetters(word: string, next: Next): string {
  return word.replaceAll(/\p{L}/gu, (letter) => {
    const other = String.fromCharCode(97 + next(26));
    return letter === letter.toLowerCase() ? other : other.toUpperCase();
  });
}

const MONTHS =
  "January February March April May June July August September October November December".split(
    " ",
  );

/** A day that may be one, written in the same way. */
export function dateLike(value: string, next: Next): string {
  return value.replaceAll(/\p{L}+|\d+/gu, (part) => {
    if (/\d{3,}/.test(part)) return String(1940 + next(65));
    // Days and months are both at most 12: nobody has to know which is which.
    if (/\d/.test(part))
      return String(1 + next(12))
        .padStart(part.length, "0")
        .slice(-2);
    const month = MONTHS[next(12)] ?? part;
    return part.length > 3 ? month : month.slice(0, 3);
  });
}

const CONSONANTS = "bdfghklmnprstvz";
const VOWELS = "aeiou";
/** With these few words begin: what stands for a name is no word of its own. */
const BEGINNINGS = "qvxz";
const SHORTEST_NAME = 5;

/**
 * A name that nobody has and that can be read out; a word of it is the same in each name. `nextOf` gives
 * the numbers that follow from a word in small letters.
 */
export function nameLike(value: string, nextOf: (word: string) => Next): string {
  return value.replaceAll(/[\p{L}\p{M}]+/gu, (word) => {
    const small = word.toLowerCase();
    if (word === small && value !== small) return word; // as "van der"
    const next = nextOf(small);
    const length = word.length === 1 ? 1 : Math.max(SHORTEST_NAME, word.length);
    const pick = (letters: string) => letters.charAt(next(letters.length));
    const made = Array.from({ length }, (_, at) =>
      pick(at === 0 ? BEGINNINGS : at % 2 === 1 ? VOWELS : CONSONANTS),
    ).join("");
    if (word.length > 1 && word === word.toUpperCase() && word !== small) return made.toUpperCase();
    return word.charAt(0) === small.charAt(0) ? made : made.charAt(0).toUpperCase() + made.slice(1);
  });
}
