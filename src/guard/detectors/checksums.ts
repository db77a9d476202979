/** Check digits, so that what only looks like a number of somebody's is left alone. Pure. */

/** ISO/IEC 7812-1, annex B: cards, and several national numbers. */
export function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += index % 2 === 0 ? digit : doubled;
  }
  return sum % 10 === 0;
}

/** ISO/IEC 7064, MOD 97-10, as IBANs have it (ISO 13616): the first four characters go to the end. */
export function passesMod97(iban: string): boolean {
  let rest = 0;
  for (const char of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(char, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

/** ISO/IEC 7064, MOD 11-2: the last of 18 characters of a Chinese identity number (GB 11643). */
export function passesMod11(id: string): boolean {
  let sum = 0;
  for (const char of id.slice(0, -1)) sum = ((sum + Number(char)) * 2) % 11;
  return "0123456789X"[(12 - sum) % 11] === id.at(-1)?.toUpperCase();
}

/** The digits' sum by these weights, modulo `modulus`. */
export function weighted(digits: string, weights: readonly number[], modulus: number): number {
  return weights.reduce((sum, weight, at) => sum + weight * Number(digits[at]), 0) % modulus;
}

const D5 = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
  [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
  [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
  [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
  [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
  [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
  [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
  [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
  [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
];
const PERMUTED = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

/** J. Verhoeff's check (Error Detecting Decimal Codes, 1969): Indian Aadhaar numbers. */
export function passesVerhoeff(digits: string): boolean {
  let check = 0;
  for (let index = 0; index < digits.length; index++) {
    let digit = Number(digits[digits.length - 1 - index]);
    for (let times = index % 8; times > 0; times--) digit = PERMUTED[digit] ?? 0;
    check = D5[check]?.[digit] ?? 0;
  }
  return check === 0;
}

export function digitsOf(text: string): string {
  return text.replaceAll(/\D/g, "");
}

/** Shannon's entropy of a text's characters, in bits a character. */
export function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  let entropy = 0;
  for (const count of counts.values()) {
    entropy -= (count / text.length) * Math.log2(count / text.length);
  }
  return entropy;
}
