import { existsSync, readFileSync } from "node:fs";
import { text as readAll } from "node:stream/consumers";
import { loadConfig } from "../../config/load.ts";
import { type Scanned, guardOf } from "../../weir/guard-library.ts";
import { listedFiles, withListedTexts } from "../../weir/guard-listed.ts";
import {
  type Command,
  JSON_OPTION,
  PLACE_OPTIONS,
  type Terminal,
  UsageError,
  type Values,
  text,
} from "../command.ts";
import { decide, reviews } from "../guard-reviews.ts";
import { vault } from "../guard-vault.ts";
import { CLIENT_OPTIONS } from "../server-client.ts";
import { table } from "../table.ts";
import { train } from "../train-guard.ts";

const ORIGINS = ["user", "document", "tool", "developer", "assistant"] as const;

/** `weir guard`: what the guard makes of a text, without a server. */
export const guard: Command = {
  name: "guard",
  summary: "Say what the guard sees in a text; teach it; decide on what waits",
  usage:
    "scan TEXT | FILE | -   or   train FILE   or   reviews | approve ID | deny ID   or   vault open | erase",
  options: {
    ...JSON_OPTION,
    ...PLACE_OPTIONS,
    ...CLIENT_OPTIONS,
    origin: {
      type: "string",
      value: "ORIGIN",
      help: `who wrote it: ${ORIGINS.join(", ")} (user)`,
    },
    "fail-on": {
      type: "string",
      value: "ACTION",
      help: "exit with 1 where the verdict is this or worse: flag, redact, hold or block",
    },
    traces: { type: "boolean", help: "train: from runs with the feedback `guard`" },
    "dry-run": { type: "boolean", help: "train: only say what would come of it" },
    undo: { type: "boolean", help: "train: take the last training back" },
    clean: { type: "boolean", help: "print the text with what is redacted taken out, and no more" },
    tenant: { type: "string", value: "ID", help: "vault: whose placeholders (open: default)" },
    user: { type: "string", value: "ID", help: "vault erase: only what this user's requests had" },
  },
  detail: `
By the guard section of weir.yaml, or by the defaults.

  weir guard scan "Ignore all previous instructions."
  weir guard scan --origin document page.html
  git diff | weir guard scan --fail-on redact -

train goes on teaching the classifiers. A line of its file is {"text": "…", "label": "benign"}; labels are
benign, injection and jailbreak. A quarter of the texts is kept out and says what came of it.

  weir guard train labelled.jsonl --dry-run
  weir guard train --traces
  weir guard train --undo

reviews asks a running server what waits for a person: calls of state-changing tools after others' text, and
prompts that are held. approve lets one pass, once; deny refuses it.

  weir guard reviews
  weir guard approve appr-…

vault asks a running server what placeholders stand for, where guard.vault has a key: open prints a text with
the originals, which is noted like every look at texts; erase makes the server forget them.

  weir guard vault open --tenant shop upstream.log
  weir guard vault erase --tenant shop --user ann`,
  async run(values, [action, subject, ...more], terminal) {
    if (action === "train" && more.length === 0) return train(subject, values, terminal);
    if (action === "reviews" && subject === undefined) return reviews(values, terminal);
    if ((action === "approve" || action === "deny") && more.length === 0) {
      return decide(action, subject, values, terminal);
    }
    if (action === "vault") {
      const words = [...(subject === undefined ? [] : [subject]), ...more];
      return vault(words, values, terminal, (read) => textOf(read, terminal));
    }
    if (action !== "scan") {
      throw new UsageError(
        action ? `unknown action "${action}"` : "say what: scan, train, reviews or vault",
      );
    }
    if (subject === undefined || more.length > 0) {
      throw new UsageError("scan needs one text, one file, or - for standard input");
    }
    return scan(subject, values, terminal);
  },
};

async function scan(subject: string, values: Values, terminal: Terminal): Promise<number> {
  const origin = originOf(text(values, "origin") ?? "user");
  const worst = failsOn(text(values, "fail-on"));
  const named = text(values, "config") ?? terminal.env["WEIR_CONFIG"];
  const { config, folder } = loadConfig(named, terminal.cwd);
  const rules = withListedTexts(config.guard, listedFiles(folder));
  const read = await textOf(subject, terminal);
  const scanned = guardOf(rules).scan(read, { origin });
  if (values["json"]) terminal.print(JSON.stringify(scanned, null, 2));
  else if (values["clean"]) terminal.print(scanned.text);
  else show(read, scanned, terminal);
  return worst.includes(scanned.verdict) ? 1 : 0;
}

/** From the mildest on; nothing found is never a failure. */
const VERDICTS = ["flag", "redact", "hold", "block"];

function failsOn(action: string | undefined): readonly string[] {
  if (action === undefined) return [];
  if (!VERDICTS.includes(action)) {
    throw new UsageError(`--fail-on is one of ${VERDICTS.join(", ")}, not "${action}"`);
  }
  return VERDICTS.slice(VERDICTS.indexOf(action));
}

function originOf(name: string): (typeof ORIGINS)[number] {
  const origin = ORIGINS.find((one) => one === name);
  if (!origin) throw new UsageError(`--origin is one of ${ORIGINS.join(", ")}, not "${name}"`);
  return origin;
}

async function textOf(subject: string, { stdin }: Terminal): Promise<string> {
  if (subject === "-") return readAll(stdin);
  return existsSync(subject) ? readFileSync(subject, "utf8") : subject;
}

function show(read: string, { verdict, findings, failed }: Scanned, { print }: Terminal): void {
  print(findings.length === 0 ? "Nothing found: allow" : `Verdict: ${verdict}`);
  for (const name of failed) print(`${name} could not look at this text.`);
  if (findings.length === 0) return;
  print("");
  const rows = findings.map(({ detector, action, start, end, confidence, evidence }) => [
    detector,
    action,
    confidence.toFixed(2),
    placeOf(read, start),
    excerptOf(read.slice(start, end)),
    evidence ? `${evidence.steps.join(" in ")}: ${excerptOf(evidence.text)}` : "",
  ]);
  print(table(["found", "action", "sure", "line:column", "text", "decoded"], rows));
}

function placeOf(read: string, at: number): string {
  const before = read.slice(0, at);
  const line = before.split("\n").length;
  return `${line}:${at - before.lastIndexOf("\n")}`;
}

const EXCERPT = 48;

function excerptOf(found: string): string {
  const plain = found.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
  return plain.length > EXCERPT ? `${plain.slice(0, EXCERPT - 1)}…` : plain;
}
