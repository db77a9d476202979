import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { WeirError } from "../../core/errors.ts";
import { type Command, UsageError } from "../command.ts";
import { APP, APP_PACKAGE, APP_TEST, CONFIG } from "../templates.ts";
import { configJsonSchema } from "../../config/schema.ts";

/** `weir init`: a weir.yaml to start from, and a small app with its test. */
export const init: Command = {
  name: "init",
  summary: "Write a weir.yaml and a small example app with its test",
  usage: "[FOLDER]",
  options: {
    force: { type: "boolean", help: "overwrite files that exist" },
    "config-only": { type: "boolean", help: "write weir.yaml and its schema only" },
  },
  async run(values, [folder = ".", ...more], { print, cwd }) {
    if (more.length > 0) throw new UsageError("one folder at a time");
    const root = resolve(cwd, folder);
    const files: Record<string, string> = {
      "weir.yaml": CONFIG,
      "weir.schema.json": `${JSON.stringify(configJsonSchema(), null, 2)}\n`,
      ...(!values["config-only"] && {
        "app/package.json": APP_PACKAGE,
        "app/ask.mjs": APP,
        "app/ask.test.mjs": APP_TEST,
      }),
    };
    const taken = Object.keys(files).filter((name) => existsSync(join(root, name)));
    if (taken.length > 0 && !values["force"]) {
      throw new WeirError(
        "conflict",
        `${taken.join(", ")} ${taken.length === 1 ? "exists" : "exist"} already in ${root}. Overwrite with --force.`,
      );
    }
    for (const [name, text] of Object.entries(files)) {
      const path = join(root, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      print(`wrote ${relative(cwd, path) || name}`);
    }
    print(NEXT);
    return 0;
  },
};

const NEXT = `
Next:
  weir check            is the config sound?
  weir serve            run it; the admin key is printed once
  cd app && npm install && WEIR_API_KEY=wk-… npm start -- "What is a token?"
  npm test              the app's test runs against a fake upstream, without a key`;
