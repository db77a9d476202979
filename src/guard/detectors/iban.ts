import { passesMod97 } from "./checksums.ts";
import type { Pattern } from "./pattern.ts";

/** Lengths by country (SWIFT's IBAN registry). */
const LENGTHS: Readonly<Record<string, number>> = Object.fromEntries(
  (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 " +
    "ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 " +
    "LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 " +
    "QA29 RO24 RS22 SA24 SC31 SD18 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
  )
    .split(" ")
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

/** Bank account numbers (ISO 13616), in one piece or in groups of four. */
export const iban: Pattern = {
  name: "pii.iban",
  category: "pii",
  confidence: 0.97,
  shape: String.raw`\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}\b`,
  ignoreCase: true,
  isReal(match) {
    const plain = match.replaceAll(/[ -]/g, "").toUpperCase();
    return LENGTHS[plain.slice(0, 2)] === plain.length && passesMod97(plain);
  },
};
