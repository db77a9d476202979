import { afterAll, beforeAll, expect, it } from "vitest";

import { ADMIN_KEY } from "../support/server.ts";
import { SCENARIOS, type Scenario, cannot } from "./cannot.ts";
import { chatClient } from "./chat-client.ts";
import { completionsClient } from "./completions-client.ts";
import { messagesClient } from "./messages-client.ts";
import { responsesClient } from "./responses-client.ts";
import { CHECKS, type Place, STREAMED_ONLY, checkInstead } from "./scenarios.ts";
import { type Stand, openStand } from "./stand.ts";
import { type Cell, tableOf } from "./table.ts";
import { VENDORS } from "./vendors.ts";

/** Every client protocol with every provider: see README.md. */

const CLIENTS = {
  chat: chatClient,
  completions: completionsClient,
  responses: responsesClient,
  messages: messagesClient,
};

let stand: Stand;
const cells: Cell[] = [];

beforeAll(async () => {
  stand = await openStand();
});

afterAll(async () => {
  await stand.close();
  process.stdout.write(`\n${tableOf(cells)}\n`);
});

const pairs = Object.entries(CLIENTS).flatMap(([name, create]) =>
  VENDORS.map((vendor) => ({ name, provider: vendor.name, create, vendor })),
);

it.each(pairs)("$name with $provider", async ({ create, vendor }) => {
  const client = create(stand.url, ADMIN_KEY);
  const double = stand.doubles.get(vendor.name);
  const failures: string[] = [];
  for (const scenario of SCENARIOS) {
    for (const isStreamed of STREAMED_ONLY.has(scenario) ? [true] : [false, true]) {
      const failure = await fill({ client, vendor, double, isStreamed }, scenario);
      if (failure !== undefined) failures.push(failure);
    }
  }
  expect(failures.join("\n\n")).toBe("");
});

/** Judges a cell and notes it; returns what went wrong. */
async function fill(place: Place, scenario: Scenario): Promise<string | undefined> {
  const { client, vendor, isStreamed } = place;
  const impossible = cannot(client.name, vendor.name, scenario);
  const cell = { client: client.name, vendor: vendor.name, scenario, isStreamed };
  try {
    if (impossible) await checkInstead(place, scenario, impossible);
    else await CHECKS[scenario](place);
    cells.push({ ...cell, outcome: impossible ? "cannot" : "pass" });
    return undefined;
  } catch (thrown) {
    cells.push({ ...cell, outcome: "fail" });
    const how = isStreamed ? "streamed" : "whole";
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return `${client.name} × ${vendor.name} × ${scenario} (${how}): ${reason}`;
  }
}
