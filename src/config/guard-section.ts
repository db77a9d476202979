import { parse, stringify } from "yaml";
import type { WeirConfig } from "./schema.ts";
import { parseConfig } from "./load.ts";

/** The `guard` section of a config file's text, as a person may edit it by itself; empty where there is none. Comments are left out. */
export function guardSectionOf(text: string): string {
  const section: unknown = (parse(text) as { guard?: unknown } | null)?.guard; // checked when it was loaded
  return section === undefined || section === null ? "" : stringify(section, { lineWidth: 100 });
}

/** Reads such a section; lines and fields in its errors are the section's own. Throws invalid_config. */
export function parseGuardSection(section: string): WeirConfig["guard"] {
  const indented = section.replaceAll(/^(?=.)/gm, "  ");
  return parseConfig(section.trim() === "" ? "" : `guard:\n${indented}`, "The policy").guard;
}
