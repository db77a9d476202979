import { readFileSync } from "node:fs";
import { guardSectionOf, parseGuardSection } from "../config/guard-section.ts";
import { WeirError, messageOf } from "../core/errors.ts";
import { readingsOf } from "../guard/normalize/readings.ts";
import type { App } from "../http/app.ts";
import type { Authorise } from "../http/authorise.ts";
import type { GuardTry } from "../http/guard-schemas.ts";
import { guardTryRoutes } from "../http/routes/guard-try.ts";
import { type Guard, guardOf } from "./guard-library.ts";
import { type ReadListed, listedFiles, withListedTexts } from "./guard-listed.ts";
import type { House } from "./house.ts";

const MOST_READINGS = 20;
const READING_CHARS = 500;

/** The try-out box of the dashboard, and the policy that it begins with. */
export function registerGuardTry({ fastify }: App, house: House, authorise: Authorise): void {
  guardTryRoutes(fastify, {
    authorise,
    policy: () => ({ section: sectionOf(house) }),
    tryOut({ text, origin, policy }): GuardTry {
      const guard = policy === undefined ? inForce(house) : guardFor(policy, house);
      const { verdict, findings, text: left, failed } = guard.scan(text, { origin });
      return {
        verdict,
        findings: findings.map(({ evidence, ...finding }) => ({
          ...finding,
          ...(evidence && { evidence: { text: evidence.text, steps: [...evidence.steps] } }),
        })),
        text: left,
        failed: [...failed],
        readings: decodedIn(text),
      };
    },
  });
}

/** As the file has it now: it may have changed since the start. */
function sectionOf({ settings: { configPath, configText } }: House): string {
  return guardSectionOf(configPath === undefined ? configText : readFileSync(configPath, "utf8"));
}

function inForce({ live, settings }: House): Guard {
  return guardOf(withListedTexts(live.config.guard, listedFiles(settings.folder)));
}

function guardFor(policy: string, house: House): Guard {
  try {
    return guardOf(withListedTexts(parseGuardSection(policy), knownFiles(house)));
  } catch (cause) {
    throw new WeirError("invalid_request", messageOf(cause), { cause });
  }
}

/** Whoever tries a policy reads no other files of this machine than those that weir.yaml lists. */
function knownFiles({ live, settings }: House): ReadListed {
  const { listed, routes, tenants } = live.config.guard;
  const overrides = [...Object.values(routes), ...Object.values(tenants)];
  const all = [...listed, ...overrides.flatMap((override) => override.listed ?? [])];
  const known = new Set(all.flatMap(({ files = [] }) => files));
  const read = listedFiles(settings.folder);
  return (file) => {
    if (known.has(file)) return read(file);
    throw new Error("only files that weir.yaml lists already are read here; try it with its text");
  };
}

function decodedIn(text: string): GuardTry["readings"] {
  return readingsOf(text)
    .filter(({ steps }) => steps.length > 0)
    .slice(0, MOST_READINGS)
    .map((reading) => ({
      text: reading.text.slice(0, READING_CHARS),
      steps: [...reading.steps],
    }));
}
