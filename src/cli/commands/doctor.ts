import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { availableParallelism, freemem } from "node:os";
import { basename, join, resolve } from "node:path";
import { styleText } from "node:util";
import { readSettings, type Settings } from "../../config/settings.ts";
import { messageOf } from "../../core/errors.ts";
import { describeGguf } from "../../gguf/describe-gguf.ts";
import { formatBytes } from "../../gguf/format-bytes.ts";
import { guardModel } from "../../gguf/guard-model.ts";
import { readGguf } from "../../gguf/read-gguf.ts";
import { vaultRulesOf } from "../../weir/guard-vault-rules.ts";
import { type Command, JSON_OPTION, PLACE_OPTIONS, overridesOf } from "../command.ts";
import { PACKAGE_ROOT } from "../package-root.ts";

interface Finding {
  readonly check: string;
  readonly state: "ok" | "warning" | "failed";
  readonly detail: string;
}

type Check = (settings: Settings) => string | Promise<string>;

/** A check that did not pass but stops nothing. */
class Warning extends Error {}

const CHECKS: Readonly<Record<string, Check>> = {
  node: () => {
    const [major = 0] = process.versions.node.split(".").map(Number);
    if (major < 24) throw new Error(`Node ${process.version} is too old: 24 or newer is needed`);
    return process.version;
  },
  machine: () => `${availableParallelism()} cores, ${formatBytes(freemem())} of memory free`,
  engine: async () => {
    // Loaded here only: no other command needs native code.
    const { locateLibrary, openLibrary } = await import("../../serve/engine/library.ts");
    const place = locateLibrary();
    openLibrary(place);
    return `llama.cpp's library loads and its layout is the pinned one (${basename(place.folder)})`;
  },
  "data folder": ({ dataFolder }) => {
    mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
    accessSync(dataFolder, constants.W_OK);
    return dataFolder;
  },
  port: async ({ config: { server } }) => {
    await tryPort(server.host, server.port);
    return `${server.host}:${server.port} is free`;
  },
  models: async ({ config, folder }) => {
    const targets = Object.values(config.models)
      .flatMap((model) => model.targets)
      .filter((target) => target.provider === "llama");
    const files = [...new Set(targets.map(({ file }) => file))];
    for (const { file, sha256 } of targets) {
      const path =
        file === "demo" ? join(PACKAGE_ROOT, "models", "demo.gguf") : resolve(folder, file);
      const read = await readGguf(path);
      describeGguf(read);
      await guardModel(read, sha256);
    }
    return files.length === 0 ? "no model files are configured" : `${files.join(", ")} can be read`;
  },
  "API keys": ({ config, secret }) => {
    const names = Object.values(config.models)
      .flatMap(({ targets }) => targets)
      .flatMap((target) => ("apiKeyEnv" in target ? (target.apiKeyEnv ?? []) : []));
    const missing = names.filter((name) => secret(name) === undefined);
    if (missing.length > 0) throw new Warning(`not set in the environment: ${missing.join(", ")}`);
    return names.length === 0 ? "none are needed" : `${names.join(", ")} set`;
  },
  vault: (settings) => {
    const { mode, previousKeys } = settings.config.guard.vault;
    if (mode === "off") return "off";
    if (!vaultRulesOf(settings)) {
      throw new Warning(
        "guard.vault has no key: a placeholder is for one request, nothing is kept",
      );
    }
    return `its key can be read, and ${previousKeys.length} of before`;
  },
  dashboard: () => {
    if (existsSync(join(PACKAGE_ROOT, "web", "dist", "index.html"))) return "built";
    throw new Warning("not built; npm start builds it");
  },
};

/** `weir doctor`: looks at everything that a start depends on. */
export const doctor: Command = {
  name: "doctor",
  summary: "Check this machine and configuration before a start",
  options: { ...PLACE_OPTIONS, ...JSON_OPTION },
  async run(values, _positionals, { print, env, cwd, isTty }) {
    const findings: Finding[] = [];
    const settings = await readOrReport(
      () => readSettings(overridesOf(values), env, cwd),
      findings,
    );
    if (settings) {
      for (const [name, check] of Object.entries(CHECKS))
        findings.push(await look(name, check, settings));
    }
    if (values["json"]) print(JSON.stringify(findings, null, 2));
    else print(findings.map((finding) => line(finding, isTty)).join("\n"));
    return findings.some(({ state }) => state === "failed") ? 1 : 0;
  },
};

async function readOrReport(
  read: () => Settings,
  findings: Finding[],
): Promise<Settings | undefined> {
  try {
    const settings = read();
    findings.push({ check: "config", state: "ok", detail: settings.configPath ?? "built in" });
    return settings;
  } catch (cause) {
    findings.push({ check: "config", state: "failed", detail: messageOf(cause) });
    return undefined;
  }
}

async function look(check: string, run: Check, settings: Settings): Promise<Finding> {
  try {
    return { check, state: "ok", detail: await run(settings) };
  } catch (cause) {
    return {
      check,
      state: cause instanceof Warning ? "warning" : "failed",
      detail: messageOf(cause),
    };
  }
}

function tryPort(host: string, port: number): Promise<void> {
  return new Promise((done, failed) => {
    const server = createServer();
    server.once("error", failed);
    server.listen(port, host, () => server.close(() => done()));
  });
}

const MARKS = { ok: ["✓", "green"], warning: ["!", "yellow"], failed: ["✗", "red"] } as const;

function line({ check, state, detail }: Finding, color: boolean): string {
  const [mark, paint] = MARKS[state];
  return `${color ? styleText(paint, mark) : mark} ${check.padEnd(12)} ${detail}`;
}
