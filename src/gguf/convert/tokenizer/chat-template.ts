import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { list, type MetadataEntry, string } from "../../metadata.ts";
import { objectsIn, readJson, readText } from "../json-file.ts";
import type { TokenizerFiles } from "./tokenizer-files.ts";

/** How a conversation becomes a text: one template, or several with names. */

interface Template {
  readonly name: string;
  readonly text: string;
}

const USUAL = "default";

/** The keys for whatever templates a checkpoint has. */
export async function templateEntries(files: TokenizerFiles): Promise<[string, MetadataEntry][]> {
  const templates = await templatesOf(files);
  const named = templates.filter(({ name }) => name !== USUAL);
  const usual = templates.find(({ name }) => name === USUAL);
  const entries: [string, MetadataEntry][] = named.map(({ name, text }) => [
    `tokenizer.chat_template.${name}`,
    string(text),
  ]);
  if (named.length > 0) {
    const names = named.map(({ name }) => name);
    entries.push(["tokenizer.chat_templates", list("string", names)]);
  }
  if (usual) entries.push(["tokenizer.chat_template", string(usual.text)]);
  return entries;
}

/** The tokenizer's config first, then files of their own, as Hugging Face's library looks for them. */
async function templatesOf({ folder, config }: TokenizerFiles): Promise<Template[]> {
  const inConfig = toTemplates(config["chat_template"]);
  if (inConfig.length > 0) return inConfig;
  const file = join(folder, "chat_template.jinja");
  if (existsSync(file)) {
    return [{ name: USUAL, text: await readText(file) }, ...(await moreTemplates(folder))];
  }
  const older = await readJson(folder, "chat_template.json");
  return toTemplates(older?.["chat_template"]);
}

function toTemplates(value: unknown): Template[] {
  if (typeof value === "string") return [{ name: USUAL, text: value }];
  return objectsIn(value).flatMap(({ name, template }) =>
    typeof name === "string" && typeof template === "string"
      ? [{ name: keyOf(name), text: template }]
      : [],
  );
}

async function moreTemplates(folder: string): Promise<Template[]> {
  const more = join(folder, "additional_chat_templates");
  if (!existsSync(more)) return [];
  const names = readdirSync(more).filter((name) => name.endsWith(".jinja"));
  return Promise.all(
    names.toSorted().map(async (name) => ({
      name: keyOf(name.replace(/\.jinja$/, "")),
      text: await readText(join(more, name)),
    })),
  );
}

/** A name becomes part of a key. */
function keyOf(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9]/g, "_");
}
