import { domainToASCII } from "node:url";
import { z } from "zod";
import { duration } from "./fields.ts";

/** Words of the guard's policy with which operators list what is theirs: hosts, topics, languages, texts. */

/** ISO 639-1, as far as the guard can tell them apart. */
export const LANGUAGES = [
  ..."am ar bg bn cs da de el en es fa fi fr he hi hu hy id it ja ka ko mr nl pl pt ro ru sr sv ta te th tr".split(
    " ",
  ),
  ..."uk ur vi zh".split(" "),
] as const;

const Language = z
  .string()
  .refine((code) => LANGUAGES.includes(code), { error: `expected one of ${LANGUAGES.join(", ")}` });

const HOST =
  /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const IPV6 = /^\[[0-9a-f:.]{2,45}\]$/;

/** As a browser writes it; undefined for what is no host. */
function toHost(written: string): string | undefined {
  // What follows these would be cut off in silence.
  const [, star = "", name = ""] = /^(\*\.)?(\[[^\s/]+\]|[^\s/\\:?#@]+)$/.exec(written) ?? [];
  const host = star + (name.startsWith("[") ? name.toLowerCase() : domainToASCII(name));
  return HOST.test(host) || IPV6.test(host) ? host : undefined;
}

const Host = z
  .string()
  .refine((host) => toHost(host) !== undefined, {
    error:
      "expected a host alone, as example.com, or *.example.com for all below it: no scheme, port or path",
  })
  .transform((host) => toHost(host) ?? host);

export const allowedHosts = z
  .array(Host)
  .describe(
    "The only hosts that links, images and HTML may point to; in answers, others are taken out where output says nothing else of exfiltration.",
  );

const Name = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,39}$/, { error: "expected a name of small letters, digits and _" });

export const Topic = z.strictObject({
  name: Name.describe("Findings are called custom. and this, as custom.rivals."),
  words: z
    .array(z.string().trim().min(1).max(200))
    .min(1)
    .max(5000)
    .describe("Words and phrases, in any script and case, also where they are hidden."),
  atLeast: z
    .int()
    .min(1)
    .max(20)
    .default(1)
    .describe("So many different words of it make the topic; fewer are only noted."),
  action: z.enum(["flag", "block", "hold"]).default("flag"),
  in: z
    .array(z.enum(["developer", "user", "document", "tool", "assistant"]))
    .min(1)
    .default(["user", "assistant"])
    .describe("Whose texts it must not be in; assistant: answers."),
});

export const Languages = z
  .strictObject({
    prompts: z.array(Language).min(1).optional().describe("The languages users may write in."),
    answers: z.array(Language).min(1).optional().describe("The languages models may answer in."),
    action: z.enum(["flag", "block", "hold"]).default("flag"),
  })
  .refine(({ prompts, answers }) => prompts ?? answers, {
    error: "expected languages of prompts, of answers, or both",
  });

/** What the guard finds by itself has these. */
const TAKEN = new Set(["system_prompt", "tool_schema", "canary", "mark", "other_tenant"]);

export const Listed = z
  .strictObject({
    name: Name.refine((name) => !TAKEN.has(name), {
      error: "is a name of the guard's own: take another one",
    }).describe("Findings are called leakage. and this, as leakage.handbook."),
    files: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe("Text files; their paths are relative to this file."),
    texts: z.array(z.string().min(1)).min(1).optional(),
    letters: z
      .int()
      .min(48)
      .max(10_000)
      .default(240)
      .describe("So many letters and digits of it in a row are too many; 240 are about 50 words."),
    action: z
      .enum(["flag", "block"])
      .optional()
      .describe("Where nothing is said: as output has it for leakage."),
  })
  .refine(({ files, texts }) => files ?? texts, { error: "expected files, texts, or both" });

export const Remember = z
  .strictObject({
    keep: duration("30d"),
    maxMiB: z
      .number()
      .min(1)
      .max(64)
      .default(8)
      .describe("1 MiB is enough for 2 MB of text. The oldest of who has most go first."),
  })
  .describe(
    "How long, and how many, fingerprints of documents are kept that are to be remembered.",
  );
