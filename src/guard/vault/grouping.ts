/** Of people: a model finds them. */
export const NAME = "pii.name";

/** What is written in one way alone. All others are numbers: with spaces, hyphens or nothing between their parts. */
const OF_ONE_FORM: ReadonlySet<string> = new Set([
  "pii.email",
  "pii.ip_address",
  "pii.mac_address",
  "pii.crypto_wallet",
  "pii.street_address",
  "pii.birth_date",
  NAME,
]);

/** A placeholder, or what it stands for, and what kind of data it is. */
export interface Told {
  readonly detector: string;
  readonly value: string;
}

/** Equal for all ways to write one value. */
export function sameFor({ detector, value }: Told): string {
  return OF_ONE_FORM.has(detector) ? value.toLowerCase() : partsOf(value).toUpperCase();
}

/** What stands between the parts of a number: models also write spaces and hyphens that break no line. */
const BETWEEN = String.raw`[ .\-\u00a0\u202f\u2010\u2011]?`;
const BETWEEN_IN_PHONES = String.raw`[ .()/\-\u00a0\u202f\u2010\u2011]{0,2}`;

/** A pattern of every way to write a placeholder, in the syntax of stream/pattern-syntax.ts. */
export function shapeOf({ detector, value }: Told): string {
  if (detector === NAME) return String.raw`\b${escaped(value)}\b`;
  if (OF_ONE_FORM.has(detector)) return escaped(value);
  return numberShape(detector, value);
}

function escaped(value: string): string {
  return value.replaceAll(/[^0-9A-Za-z]/g, String.raw`\$&`);
}

function numberShape(detector: string, value: string): string {
  const parts = partsOf(value).split("");
  return detector === "pii.phone"
    ? String.raw`[+(]{0,2}${parts.join(BETWEEN_IN_PHONES)}`
    : parts.join(BETWEEN);
}

/** The original as the model wrote its placeholder: in the same groups, where it fills them. */
export function inGroupsOf(said: string, { placeholder, original, detector }: Restorable): string {
  if (said === placeholder || OF_ONE_FORM.has(detector)) return original;
  const parts = partsOf(original);
  if (parts.length !== partsOf(said).length) return original;
  let at = 0;
  return said.replaceAll(PART, () => parts.charAt(at++));
}

/** A mapping, and for a name those of its words: models write "Dear Ann" for "Ann Lee". */
export function withParts<M extends Restorable>(mapping: M): M[] {
  if (mapping.detector !== NAME) return [mapping];
  const [made, real] = [mapping.placeholder, mapping.original].map((name) => name.split(/\s+/));
  if (!made || !real || made.length !== real.length || made.length === 1) return [mapping];
  const parts = made.flatMap((placeholder, at) => {
    const original = real[at] ?? placeholder;
    return placeholder === original || !/^\p{L}{2}/u.test(original)
      ? []
      : [{ ...mapping, placeholder, original }];
  });
  return [mapping, ...parts];
}

interface Restorable {
  readonly placeholder: string;
  readonly original: string;
  readonly detector: string;
}

const PART = /[0-9A-Za-z]/g;

function partsOf(value: string): string {
  return value.replaceAll(/[^0-9A-Za-z]/g, "");
}
