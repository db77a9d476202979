import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { WeirConfig } from "../config/schema.ts";
import { WeirError, messageOf } from "../core/errors.ts";
import { lettersIn } from "../guard/detectors/fingerprints.ts";

type GuardConfig = WeirConfig["guard"];
type Listed = GuardConfig["listed"][number];

/** Gives a listed file's text; throws where it may not be read. */
export type ReadListed = (file: string) => string;

/** Files as weir.yaml names them: from its own folder. */
export function listedFiles(folder: string): ReadListed {
  return (file) => readFileSync(resolve(folder, file), "utf8");
}

/**
 * The same rules with the texts of listed files in them. Throws invalid_config with every file that
 * cannot be read, and every text too short to be found, by its path in weir.yaml.
 */
export function withListedTexts(guard: GuardConfig, read: ReadListed): GuardConfig {
  const wrong: string[] = [];
  const rules = {
    ...guard,
    listed: guard.listed.map((one, at) => filled(one, `guard.listed.${at}`)),
    routes: overridden(guard.routes, "guard.routes"),
    tenants: overridden(guard.tenants, "guard.tenants"),
  };
  if (wrong.length > 0) {
    throw new WeirError(
      "invalid_config",
      `Texts that weir.yaml lists cannot be used:\n${wrong.map((line) => `  ${line}`).join("\n")}`,
    );
  }
  return rules;

  function overridden<Override extends { readonly listed?: readonly Listed[] | undefined }>(
    overrides: Readonly<Record<string, Override>>,
    path: string,
  ) {
    return Object.fromEntries(
      Object.entries(overrides).map(([name, override]) => {
        const listed = override.listed?.map((one, at) =>
          filled(one, `${path}.${name}.listed.${at}`),
        );
        return [name, listed ? { ...override, listed } : override];
      }),
    );
  }

  function filled(one: Listed, path: string): Listed {
    const { files, texts = [], ...rest } = one;
    const known = texts.map((text, at) => checked(text, rest.letters, `${path}.texts.${at}`));
    const found = (files ?? []).map((file, at) => {
      const where = `${path}.files.${at}`;
      try {
        return checked(read(file), rest.letters, where);
      } catch (cause) {
        wrong.push(`${where}: ${file} cannot be read: ${messageOf(cause)}`);
        return "";
      }
    });
    return { ...rest, texts: [...known, ...found] };
  }

  function checked(text: string, least: number, path: string): string {
    const letters = lettersIn(text);
    if (letters < least) {
      wrong.push(
        `${path}: has ${letters} letters and digits, and ${least} of it in a row are a leak: say so with fewer in \`letters\``,
      );
    }
    return text;
  }
}
