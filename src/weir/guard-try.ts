import { readFileSync } from "node:fs";
import { guardSectionOf, parseGuardSection } from "../config/guard-section.ts";
import { WeirError, messageOf } from "../core/errors.ts";
import { readingsOf } from "../guard/normalize/readings.ts";
import type { App } from "../http/app.ts";
import type { Authorise } from "../http/authorise.ts";
import type { GuardTry } from "../http/guard-schemas.ts";
import { guardTryRoutes } from "../http/routes/guard-try.ts";
import { type Guard, guardOf } from "./guard-library.ts";
import type { House } from "./house.ts";

const MOST_READINGS = 20;
const READING_CHARS = 500;

/** The try-out box of the dashboard, and the policy that it begins with. */
export function registerGuardTry({ fastify }: App, house: House, authorise: Authorise): void {
  guardTryRoutes(fastify, {
    authorise,
    policy: () => ({ section: sectionOf(house) }),
    tryOut({ text, origin, policy }): GuardTry {
      const guard = policy === undefined ? guardOf(house.live.config.guard) : guardFor(policy);
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

function guardFor(policy: string): Guard {
  try {
    return guardOf(parseGuardSection(policy));
  } catch (cause) {
    throw new WeirError("invalid_request", messageOf(cause), { cause });
  }
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
