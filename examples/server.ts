/** A whole Weir in this process, on any free port, with a folder of its own: what the examples talk to. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "../src/config/load.ts";
import { silentLog } from "../src/core/log.ts";
import { startWeir } from "../src/weir/weir.ts";

const KEY = "wk-example";

export async function startExampleServer(yaml = "") {
  const folder = mkdtempSync(join(tmpdir(), "weir-example-"));
  const config = parseConfig(yaml, "example");
  const weir = await startWeir(
    {
      config: { ...config, server: { ...config.server, port: 0 } },
      configPath: undefined,
      configText: "",
      folder,
      dataFolder: folder,
      adminKey: KEY,
      secret: (name) => process.env[name],
    },
    silentLog,
  );
  await weir.ready();
  return {
    url: weir.url,
    key: KEY,
    async [Symbol.asyncDispose]() {
      await weir.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
