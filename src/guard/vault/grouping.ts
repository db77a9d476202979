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

/** Whether spaces and hyphens in it say nothing. */
export function isNumber(detector: string): boolean {
  return !OF_ONE_FORM.has(detector);
}

/** A placeholder, or what it stands for, and what kind of data it is. */
export interface Told {
  readonly detector: string;
  readonly value: string;
}

/** Equal for all ways to write one value. */
export function sameFor({ detector, value }: Told): string {
  return OF_ONE_FORM.has(detector) ? value.toLowerCase() : partsOf(value).toUpperCase();
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

/** Its digits and letters. */
export function partsOf(value: string): string {
  return value.replaceAll(/[^0-9A-Za-z]/g, "");
}
