import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type MockUpstream, createMockUpstream } from "../../src/cli/mock/upstream.ts";
import { startServer } from "../support/server.ts";
import { EMBEDDED, ENVIRONMENT, VENDORS, configOf } from "./vendors.ts";

/** A double of every vendor and one Weir in front of them, for a whole file of tests. */
export interface Stand {
  readonly url: string;
  readonly doubles: ReadonlyMap<string, MockUpstream>;
  close(): Promise<void>;
}

/** Starts them; only the vendors that are named, or all. */
export async function openStand(names = VENDORS.map(({ name }) => name)): Promise<Stand> {
  const vendors = VENDORS.filter(({ name }) => names.includes(name));
  const doubles = new Map<string, MockUpstream>();
  for (const { name: kind, apiKey } of vendors) {
    if (kind === EMBEDDED) continue;
    doubles.set(kind, await createMockUpstream({ kind, tokens: 3, apiKey }));
  }
  const folder = mkdtempSync(join(tmpdir(), "weir-matrix-"));
  const weir = await startServer(configOf(vendors, doubles), {
    folder,
    env: ENVIRONMENT,
    ends: () => undefined,
  });
  return {
    url: weir.url,
    doubles,
    async close() {
      await weir.close();
      await Promise.all([...doubles.values()].map((double) => double.close()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
