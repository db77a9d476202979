import { expect, it } from "vitest";
import { loadConfig, parseConfig } from "./load.ts";
import { readSettings } from "./settings.ts";
import { configJsonSchema } from "./schema.ts";

it("needs nothing: the built-in config serves the demo model", () => {
  const config = parseConfig("", "weir.yaml");
  expect(config.models["chat"]?.targets[0]).toMatchObject({ provider: "llama", file: "demo" });
  expect(config.server).toMatchObject({ host: "127.0.0.1", port: 8080 });
  expect(config.guard.mode).toBe("enforce");
});

it("names every error at once, with line, path and what was expected", () => {
  const yaml = [
    "sever: {}",
    "server: { port: 99999, prot: 1 }",
    "models:",
    "  chat:",
    "    targets:",
    "      - { provider: openai, modle: x }",
    "      - { provider: magic }",
    "limits: { perKey: { costPerDay: 20 } }",
  ].join("\n");
  expect(() => parseConfig(yaml, "weir.yaml")).toThrow(
    expect.objectContaining({
      code: "invalid_config",
      message: expect.stringMatching(
        /(?=.*weir\.yaml has 7 errors)(?=.*line 2: server\.port)(?=.*unknown key "prot"\. Did you mean port\?)(?=.*line 6: models\.chat\.targets\.0\.model)(?=.*Did you mean model\?)(?=.*line 7: .*one of llama, openai)(?=.*Did you mean server\?)/s,
      ),
    }),
  );
});

it("says which line of the YAML is unsound", () => {
  expect(() => parseConfig("server: {\nport: 1", "weir.yaml")).toThrow(
    /not sound YAML:\n {2}line 2/,
  );
});

it("tells a missing file that was named from one that was not", () => {
  expect(loadConfig(undefined, "/nonexistent").path).toBeUndefined();
  expect(() => loadConfig("gone.yaml", "/nonexistent")).toThrow(/Cannot read .*weir init/s);
});

it("takes a secret by its variable's name only", () => {
  const yaml =
    "models: { a: { targets: [{ provider: openai, model: m, apiKeyEnv: sk-proj-abc }] } }";
  expect(() => parseConfig(yaml, "weir.yaml")).toThrow("the NAME of an environment variable");
});

it("lets the command line win over the environment, and the environment over the file", () => {
  const env = { WEIR_PORT: "9001", WEIR_HOST: "0.0.0.0", WEIR_DATA: "/data", WEIR_ADMIN_KEY: "k" };
  const settings = readSettings({ port: "9002" }, env, "/nonexistent");
  expect(settings.config.server).toMatchObject({ port: 9002, host: "0.0.0.0" });
  expect(settings).toMatchObject({ dataFolder: "/data", adminKey: "k" });
  expect(() => readSettings({ port: "high" }, {}, "/nonexistent")).toThrow("0 to 65535");
});

it("is frozen", () => {
  const config = parseConfig("", "weir.yaml");
  expect(Object.isFrozen(config.guard.output.redact)).toBe(true);
});

it("has a JSON Schema that refuses unknown keys", () => {
  expect(configJsonSchema()).toMatchObject({ type: "object", additionalProperties: false });
});
