import { isIPv6 } from "node:net";
import { digitsOf } from "./checksums.ts";
import type { Pattern } from "./pattern.ts";

type ContactPattern = Pick<Pattern, "shape" | "isReal" | "part" | "ignoreCase" | "isWholeToken">;

function contact(name: string, confidence: number, pattern: ContactPattern): Pattern {
  return { name: `pii.${name}`, category: "pii", confidence, ...pattern };
}

const STREETS =
  "Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Way|Court|Ct|Place|Pl|Square|Sq|Terrace|Crescent|Close";
const CAPITAL = "[A-ZÀ-ÖØ-Þ]";
const NAME = "[A-ZÀ-ÖØ-Þ][A-Za-zÀ-ÖØ-öø-ÿ'’-]+";
const MONTHS =
  "January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Oct|Nov|Dec";
const DATE = String.raw`(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}|(?:${MONTHS})\.? \d{1,2},? \d{4}|\d{1,2}\.? (?:${MONTHS}) \d{4})`;

/** How and where people are reached, as far as a shape tells it. Names need a model. */
export const contacts: readonly Pattern[] = [
  contact("email", 0.95, {
    shape: String.raw`[\w.%+-]+@(?:[A-Za-z0-9-]+\.){1,6}[A-Za-z]{2,24}\b`,
    isWholeToken: true,
  }),
  contact("phone", 0.85, {
    // International: the plus tells it.
    shape: String.raw`\b\+\d{1,3}(?:[ .-]?\(?\d{1,5}\)?){1,6}\b`,
    isReal: (match) => hasDigits(match, 8, 15),
  }),
  contact("phone", 0.8, {
    shape: String.raw`\b\(\d{3}\) ?\d{3}[ .-]\d{4}\b`,
  }),
  contact("phone", 0.75, {
    shape: String.raw`\b[2-9]\d{2}([.-])\d{3}[.-]\d{4}\b`,
    isReal: (match) => match[3] === match[7],
  }),
  contact("phone", 0.75, {
    // National, with the leading zero: in pairs as in France, or as in Britain and Germany.
    shape: String.raw`\b0[1-9](?:(?:[ .]\d{2}){4}|\d{1,3}[ /-]\d{3,4}[ -]?\d{3,4})\b`,
    isReal: (match) => hasDigits(match, 9, 12),
  }),
  contact("ip_address", 0.8, {
    shape: String.raw`\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b`,
    isReal: isSomebodys,
  }),
  contact("ip_address", 0.9, {
    shape: String.raw`\b[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){2,7}\b`,
    isReal: isIPv6,
  }),
  contact("mac_address", 0.9, {
    shape: String.raw`\b[0-9A-Fa-f]{2}(?:(?::[0-9A-Fa-f]{2}){5}|(?:-[0-9A-Fa-f]{2}){5})\b`,
  }),
  contact("crypto_wallet", 0.85, {
    shape: String.raw`\b(?:[13][1-9A-HJ-NP-Za-km-z]{25,34}|bc1[ac-hj-np-z02-9]{11,71}|0x[0-9a-fA-F]{40})\b`,
    isReal: (match) => /^(?:0x|bc1)/.test(match) || isMixed(match),
  }),
  contact("street_address", 0.7, {
    shape: String.raw`\b\d{1,5}[A-Za-z]? ${NAME}(?: ${NAME}){0,2} (?:${STREETS})\b`,
  }),
  contact("street_address", 0.75, {
    shape: String.raw`\b\d{1,5}[A-Za-z]? ${NAME}(?: ${NAME}){0,2} (?:${STREETS})\.?, ${NAME}(?: ${NAME}){0,2},?(?: [A-Z]{2})? (?:\d{4,5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})\b`,
  }),
  contact("street_address", 0.75, {
    shape: String.raw`\b${CAPITAL}[A-Za-zÀ-ÖØ-öø-ÿ-]*(?:straße|strasse|str\.|weg|platz|allee|gasse) \d{1,4}[a-z]?(?:, \d{4,5} ${NAME}(?: ${NAME}){0,2})?\b`,
  }),
  contact("street_address", 0.75, {
    shape: String.raw`\b\d{1,4}(?: bis| ter)?,? (?:rue|avenue|boulevard|place|chemin|impasse|allée|quai) (?:(?:de |du |des |la |le |les |l'|d'){0,3})${NAME}(?: ${NAME}){0,3}(?:, \d{5} ${NAME}(?:[ -]${NAME}){0,2})?\b`,
  }),
  contact("birth_date", 0.8, {
    shape: String.raw`\b(?:born|née?|geboren|nacid[oa]|date of birth|birth ?date|birthday|dob)(?: on| am| le| el| is)?:? ${DATE}\b`,
    ignoreCase: true,
    part: (match) => [match.search(/\d|(?<= )(?:[A-Z][a-z]{2,8}\.? \d)/), match.length],
  }),
];

function hasDigits(match: string, least: number, most: number): boolean {
  const { length } = digitsOf(match);
  return length >= least && length <= most;
}

/** Four numbers that are an address of somebody's: no mask, no loopback, no version. */
function isSomebodys(match: string): boolean {
  const parts = match.split(".");
  if (parts.some((part) => Number(part) > 255 || (part.length > 1 && part.startsWith("0")))) {
    return false;
  }
  const first = Number(parts[0]);
  const isVersion = parts.every((part) => part.length === 1);
  return first > 0 && first < 224 && !/^127\.0\.[01]\.1$/.test(match) && !isVersion;
}

/** Base58 in earnest has all three kinds of characters. */
function isMixed(match: string): boolean {
  return /[a-z]/.test(match) && /[A-Z]/.test(match) && /\d/.test(match.slice(1));
}
