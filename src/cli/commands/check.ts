import { loadConfig } from "../../config/load.ts";
import { configJsonSchema } from "../../config/schema.ts";
import { checkPatterns } from "../../guard/policy/own-patterns.ts";
import { checkTools } from "../../guard/tools/tool-rules.ts";
import { listedFiles, withListedTexts } from "../../weir/guard-listed.ts";
import { checkNames } from "../../weir/guard-names.ts";
import { type Command, JSON_OPTION, UsageError, text } from "../command.ts";

/** `weir check`: says whether a config file is sound, without starting anything. */
export const check: Command = {
  name: "check",
  summary: "Read a config file and say everything that is wrong with it",
  usage: "[FILE]",
  options: {
    ...JSON_OPTION,
    config: { type: "string", short: "c", value: "FILE", help: "the config file (weir.yaml)" },
    schema: { type: "boolean", help: "print the JSON Schema of weir.yaml, for editors" },
  },
  async run(values, [file, ...more], { print, env, cwd }) {
    if (more.length > 0) throw new UsageError("one file at a time");
    if (values["schema"]) {
      print(JSON.stringify(configJsonSchema(), null, 2));
      return 0;
    }
    const named = file ?? text(values, "config") ?? env["WEIR_CONFIG"];
    const { config, path, folder } = loadConfig(named, cwd);
    checkPatterns(config.guard);
    withListedTexts(config.guard, listedFiles(folder));
    checkTools(config.guard.tools);
    checkNames(config);
    const models = Object.keys(config.models);
    if (values["json"]) print(JSON.stringify({ path: path ?? null, config }, null, 2));
    else print(`${path ?? "The built-in config"} is sound. Models: ${models.join(", ")}`);
    return 0;
  },
};
