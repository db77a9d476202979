import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { eventually } from "../support/server.ts";
import { ask, chat, startWorkers } from "../support/workers.ts";

/** What the guard of a server keeps is the same in each of its processes. */

const HANDBOOK = `The night shift begins at ten. Whoever comes first lights the small oven, weighs the rye for the
first forty loaves and writes the temperature of the water into the green book. The starter is fed at midnight
and at four, never with the tap water of the yard, and what is left goes into the barrel by the door.`;

it("knows another tenant's documents in every process, and marks prompts alike in all", async () => {
  // Until every process knows the keys they are wrong ones, asked with as often as that takes.
  const guard = `guard: { canaries: on, crossTenant: block }
limits: { perIp: { wrongKeysPerMinute: 0 } }`;
  const { server, mock, folder, workers } = await startWorkers(guard, { reply: HANDBOOK });
  expect(workers()).toHaveLength(2);
  const keys: Record<string, string> = {};
  for (const tenant of ["bakery", "rival"]) {
    await ask(server.url, "/admin/v1/tenants", { id: tenant });
    const made = await ask(server.url, "/admin/v1/keys", { name: tenant, tenant });
    keys[tenant] = ((await made.json()) as { key: string }).key;
  }
  const as = (tenant: string) => ({ headers: { authorization: `Bearer ${keys[tenant]}` } });
  const messages = [
    { role: "system", content: "Be brief." },
    { role: "user", content: "When do you begin?" },
  ];
  const statusesAs = (tenant: string) =>
    Promise.all(
      Array.from({ length: 8 }, async () => {
        return (await chat(server.url, { model: "chat", messages }, as(tenant))).status;
      }),
    );
  // Keys that were just made are known everywhere within a second.
  await eventually(
    () => statusesAs("rival"),
    (statuses) => statuses.every((status) => status === 200),
  );
  const documents = { remember: true, documents: [{ text: HANDBOOK }] };
  await eventually(
    async () => (await ask(server.url, "/guard/documents", documents, as("bakery"))).status,
    (status) => status === 200,
  );
  await eventually(
    () => statusesAs("rival"),
    (statuses) => statuses.every((status) => status === 403),
  );
  expect(await statusesAs("bakery")).toEqual(Array(8).fill(200));
  const ofRival = mock.requests.slice(0, 8).map((body) => JSON.stringify(body));
  const marks = new Set(ofRival.map((body) => /ref-[a-z2-7]{20}/.exec(body)?.[0]));
  expect(marks.size).toBe(1);
  expect(statSync(join(folder, ".weir", "guard.key")).mode & 0o777).toBe(0o600);
});
