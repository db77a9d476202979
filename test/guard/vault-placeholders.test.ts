import { expect, it } from "vitest";
import type { ChatEvent } from "../../src/core/chat.ts";
import { type Told, inGroupsOf, sameFor, withParts } from "../../src/guard/vault/grouping.ts";
import { placeholderFor } from "../../src/guard/vault/placeholder.ts";
import { personalIn } from "../../src/guard/vault/personal.ts";
import type { Mapping } from "../../src/guard/vault/vault-keys.ts";
import { type Restoring, VaultWatch } from "../../src/guard/vault/vault-watch.ts";
import { createRandom } from "../support/random.ts";

const KEY = Buffer.alloc(32, 3);

/** Every kind that the guard knows, with the words that it needs. */
const KINDS: readonly (readonly [detector: string, text: string, value: string])[] = [
  ["pii.email", "to Jane.Doe+x@corp.test now", "Jane.Doe+x@corp.test"],
  ["pii.card_number", "card 4111 1111 1111 1111 ok", "4111 1111 1111 1111"],
  ["pii.card_number", "card 378282246310005 ok", "378282246310005"],
  ["pii.iban", "to DE89 3704 0044 0532 0130 00 ok", "DE89 3704 0044 0532 0130 00"],
  ["pii.iban", "to GB29NWBK60161331926819 ok", "GB29NWBK60161331926819"],
  ["pii.phone", "call +49 30 901820 ok", "+49 30 901820"],
  ["pii.phone", "call (212) 555-0187 ok", "(212) 555-0187"],
  ["pii.phone", "call 212-555-0187 ok", "212-555-0187"],
  ["pii.phone", "call 01 42 68 53 00 ok", "01 42 68 53 00"],
  ["pii.ip_address", "from 192.168.17.4 on", "192.168.17.4"],
  ["pii.ip_address", "from 2001:db8:85a3::8a2e:370:7334 on", "2001:db8:85a3::8a2e:370:7334"],
  ["pii.mac_address", "from 00:1B:44:11:3A:B7 on", "00:1B:44:11:3A:B7"],
  [
    "pii.crypto_wallet",
    "to 0xde0B295669a9FD93d5F28D9Ec85E40f4cb697BAe ok",
    "0xde0B295669a9FD93d5F28D9Ec85E40f4cb697BAe",
  ],
  [
    "pii.crypto_wallet",
    "to 1BoatSLRHtKNngkdXEeobR76b53LETtpyT ok",
    "1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
  ],
  [
    "pii.crypto_wallet",
    "to bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq ok",
    "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
  ],
  ["pii.street_address", "at 221 Baker Street today", "221 Baker Street"],
  ["pii.street_address", "in der Hauptstraße 15, 10115 Berlin ist", "Hauptstraße 15, 10115 Berlin"],
  ["pii.street_address", "au 12 rue de la Paix, 75002 Paris ici", "12 rue de la Paix, 75002 Paris"],
  ["pii.birth_date", "born on 1984-03-12 in", "1984-03-12"],
  ["pii.birth_date", "born 12 March 1984 in", "12 March 1984"],
  ["pii.us_ssn", "number 536-22-1234 ok", "536-22-1234"],
  ["pii.uk_nino", "number AB 12 34 56 C ok", "AB 12 34 56 C"],
  ["pii.cn_id", "number 11010519491231002X ok", "11010519491231002X"],
  ["pii.es_nif", "number 12345678Z ok", "12345678Z"],
  ["pii.es_nif", "number X1234567L ok", "X1234567L"],
  ["pii.fr_nir", "number 2 55 08 14 168 025 38 ok", "2 55 08 14 168 025 38"],
  ["pii.it_codice_fiscale", "number RSSMRA85T10A562S ok", "RSSMRA85T10A562S"],
  ["pii.br_cpf", "number 529.982.247-25 ok", "529.982.247-25"],
  ["pii.in_aadhaar", "number 2345 6789 0124 ok", "2345 6789 0124"],
  ["pii.in_pan", "number ABCPE1234F ok", "ABCPE1234F"],
  ["pii.ch_ahv", "number 756.9217.0769.85 ok", "756.9217.0769.85"],
  ["pii.se_personnummer", "number 811218-9876 ok", "811218-9876"],
  ["pii.ca_sin", "number 130 692 544 ok", "130 692 544"],
  ["pii.passport", "passport no. C4512345 ok", "C4512345"],
];

it.each(KINDS)(
  "gives %s in %j another value of its kind, found where it comes back",
  (detector, text, value) => {
    const found = (said: string) =>
      personalIn(said).map((one) => [one.detector, said.slice(one.start, one.end)]);
    expect(found(text)).toEqual([[detector, value]]);
    const seen = new Set<string>();
    for (let attempt = 0; attempt < 20; attempt++) {
      const made = placeholderFor({ detector, value }, KEY, attempt);
      expect(placeholderFor({ detector, value }, KEY, attempt)).toBe(made);
      expect(found(text.replace(value, made))).toEqual([[detector, made]]);
      expect(made).not.toBe(value);
      seen.add(made);
    }
    expect(seen.size).toBeGreaterThan(15);
  },
);

it("gives one number in two groupings one placeholder in two groupings", () => {
  const of = (value: string) => placeholderFor({ detector: "pii.card_number", value }, KEY, 0);
  const plain = of("4111111111111111");
  expect(of("4111 1111 1111 1111").replaceAll(" ", "")).toBe(plain);
  expect(of("4111-1111-1111-1111").replaceAll("-", "")).toBe(plain);
});

function mappingOf(detector: string, original: string): Mapping {
  const placeholder = placeholderFor({ detector, value: original }, KEY, 0);
  return { placeholder, original, detector, user: "" };
}

const CARD = mappingOf("pii.card_number", "4111 1111 1111 1111");
const IBAN = mappingOf("pii.iban", "DE89370400440532013000");
const PHONE = mappingOf("pii.phone", "+49 30 901820");
const MAIL = mappingOf("pii.email", "jane@corp.test");
const ALL = [CARD, IBAN, PHONE, MAIL];

const inFours = (text: string, between: string) =>
  text.replaceAll(/[ -]/g, "").replaceAll(/(.{4})(?=.)/g, `$1${between}`);

/** What models make of a number, and what has to become of the original. */
const REGROUPED: readonly (readonly [said: string, wanted: string])[] = [
  [CARD.placeholder, CARD.original],
  [inFours(CARD.placeholder, ""), "4111111111111111"],
  [inFours(CARD.placeholder, "-"), "4111-1111-1111-1111"],
  [inFours(CARD.placeholder, "\u00a0"), "4111\u00a01111\u00a01111\u00a01111"],
  [inFours(IBAN.placeholder, " "), "DE89 3704 0044 0532 0130 00"],
  [PHONE.placeholder.replaceAll(" ", "-"), "+49-30-901820"],
  [PHONE.placeholder.replaceAll(" ", ""), "+4930901820"],
  [`(${PHONE.placeholder.slice(1).replace(" ", ") ")}`, "(49) 30 901820"],
  [MAIL.placeholder.toUpperCase(), "jane@corp.test"],
];

it.each(REGROUPED)("makes %j %j again", (said, wanted) => {
  expect(answered([`It is ${said}, and that is it.`], { mappings: ALL, redacts: false })).toBe(
    `It is ${wanted}, and that is it.`,
  );
});

function answered(pieces: readonly string[], restoring: Restoring, call?: number): string {
  const watch = new VaultWatch(undefined, restoring);
  const events = pieces.map((text): ChatEvent =>
    call === undefined
      ? { type: "text-delta", index: 0, text }
      : { type: "tool-call-delta", index: 0, call, arguments: text },
  );
  const finish: ChatEvent = { type: "finish", index: 0, reason: "stop" };
  return [...events, finish]
    .flatMap((event) => watch.push([event]))
    .map((event) => {
      if (event.type === "tool-call-delta") return event.arguments;
      return event.type === "text-delta" ? event.text : "";
    })
    .join("");
}

const SAID = REGROUPED.map(([said]) => `- ${said}\n`).join("");
const WANTED = REGROUPED.map(([, wanted]) => `- ${wanted}\n`).join("");
/** Nothing stood in the request: all of it was kept of an earlier one. */
const kept = new Map(
  ALL.map((one) => [sameFor({ detector: one.detector, value: one.placeholder }), one]),
);
const recall: Restoring["recall"] = (told) => kept.get(sameFor(told));

it("restores numbers however they are grouped, cut at every place, from the request and from what was kept", () => {
  // What only stands in the store is found by its form: a phone number without its + has none.
  const bare = REGROUPED.findIndex(([, wanted]) => wanted.startsWith("(49)"));
  const without = (text: string) => text.split("\n").toSpliced(bare, 1).join("\n");
  for (let cut = 1; cut < SAID.length; cut++) {
    const parts = [SAID.slice(0, cut), SAID.slice(cut)];
    expect(answered(parts, { mappings: ALL, redacts: true })).toBe(WANTED);
  }
  const left = without(SAID).replaceAll("\u00a0", " ");
  const wanted = without(WANTED).replaceAll("\u00a0", " ");
  for (let cut = 1; cut < left.length; cut++) {
    const parts = [left.slice(0, cut), left.slice(cut)];
    expect(answered(parts, { mappings: [], recall, redacts: true })).toBe(wanted);
  }
  expect(answered(SAID.split(""), { mappings: ALL, redacts: true })).toBe(WANTED);
  expect(answered(left.split(""), { mappings: [], recall, redacts: false })).toBe(wanted);
});

it("restores every kind, cut at random places", () => {
  const random = createRandom(7);
  const mappings = KINDS.map(([detector, , value]) => mappingOf(detector, value));
  const said = KINDS.map(([, text, value], at) =>
    text.replace(value, mappings[at]?.placeholder ?? ""),
  ).join("; ");
  const wanted = KINDS.map(([, text]) => text).join("; ");
  const names = mappings.map(
    (one) => [sameFor({ detector: one.detector, value: one.placeholder }), one] as const,
  );
  const all = new Map(names);
  for (let times = 0; times < 60; times++) {
    const pieces: string[] = [];
    for (let at = 0; at < said.length;) {
      const size = 1 + Math.floor(random() * 6);
      pieces.push(said.slice(at, at + size));
      at += size;
    }
    for (const redacts of [false, true]) {
      expect(answered(pieces, { mappings, redacts })).toBe(wanted);
      const from = { mappings: [], recall: (told: Told) => all.get(sameFor(told)), redacts };
      expect(answered(pieces, from)).toBe(wanted);
    }
  }
});

it("restores them in arguments of tools, as JSON", () => {
  const quoted = mappingOf("pii.street_address", "12 rue de l'Abbé Grégoire, 75006 Paris");
  const address = { ...quoted, original: 'at the "Rose"\n12 rue de la Paix' };
  const told = JSON.stringify({ card: inFours(CARD.placeholder, "-"), at: address.placeholder });
  for (const size of [1, 3, 7]) {
    const pieces = told.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
    const got = answered(pieces, { mappings: [CARD, address], redacts: true }, 0);
    expect(JSON.parse(got)).toEqual({ card: "4111-1111-1111-1111", at: address.original });
  }
});

it("leaves what stands beside a number as it is", () => {
  const said = `Call ${PHONE.placeholder} 24/7, from 9 to 5.`;
  for (const restoring of [
    { mappings: [PHONE], redacts: true },
    { mappings: [], recall, redacts: true },
  ]) {
    expect(answered([said], restoring)).toBe("Call +49 30 901820 24/7, from 9 to 5.");
  }
});

it("leaves a longer number that begins alike", () => {
  const plain = PHONE.placeholder.replaceAll(" ", "");
  const said = `${plain}77 is none, ${plain} is.`;
  for (const pieces of [[said], said.split("")]) {
    expect(answered(pieces, { mappings: [PHONE], redacts: false })).toBe(
      `${plain}77 is none, +4930901820 is.`,
    );
  }
});

it("takes out other personal data, or leaves it, as it is told", () => {
  const said = "Ask bob@other.test.";
  expect(answered([said], { mappings: [], recall, redacts: true })).toBe("Ask [redacted:email].");
  expect(answered([said], { mappings: [], recall, redacts: false })).toBe(said);
});

it("gives the original's own grouping where the model's cannot take it", () => {
  const odd = { ...CARD, original: "378282246310005" };
  expect(inGroupsOf(inFours(CARD.placeholder, "-"), odd)).toBe("378282246310005");
});

it("gives names others that can be read, the same for each word, and restores parts of them", () => {
  const of = (value: string) => placeholderFor({ detector: "pii.name", value }, KEY, 0);
  const [whole, first] = [of("Ann van der Lee"), of("Ann")];
  expect(whole).toMatch(/^[QVXZ][a-z]{4} van der [QVXZ][a-z]{4}$/);
  expect(whole.startsWith(`${first} `)).toBe(true);
  expect(of("J. LEE-Ödegård")).toMatch(/^[QVXZ]\. [QVXZ][A-Z]{4}-[QVXZ][a-z]{6}$/);
  const mappings = withParts(mappingOf("pii.name", "Ann van der Lee"));
  const said = `${whole} came. Dear ${first}, no ${first}ia, ${first.toLowerCase()}.`;
  expect(answered([said], { mappings, redacts: true })).toBe(
    `Ann van der Lee came. Dear Ann, no ${first}ia, ${first.toLowerCase()}.`,
  );
});

it("restores thousands of values of one request", () => {
  const mappings = Array.from({ length: 3000 }, (_, at) =>
    mappingOf("pii.email", `person${at}@corp.test`),
  );
  const some = [0, 1, 1999, 2000, 2999].map((at) => mappings[at]);
  const said = some.map((one) => one?.placeholder).join(", ");
  for (const redacts of [false, true]) {
    expect(answered([said], { mappings, redacts })).toBe(
      some.map((one) => one?.original).join(", "),
    );
  }
});
