import { expect, it } from "vitest";
import { KIND_NAMES } from "../../src/cli/mock/kind-names.ts";
import { weir } from "../support/process.ts";
import { HI, post } from "./double.ts";

/** `weir mock --as KIND` as a user runs it. */

it("runs a kind with a key, a release and its development routes", async () => {
  const args = ["--as", "vllm", "--port", "0", "--version=0.8.5", "--dev-mode", "--key-env", "K"];
  const mock = weir(["mock", ...args], { env: { K: "secret" } });
  const [, url = ""] = await mock.says(/A double of vllm listens at (http:\S+)/);
  expect(await (await fetch(`${url}/version`)).json()).toEqual({ version: "0.8.5" });
  expect((await fetch(`${url}/is_sleeping`)).status).toBe(200);
  const ask = (key: string) =>
    post(
      `${url}/v1/chat/completions`,
      { model: "m", messages: HI },
      { authorization: `Bearer ${key}` },
    );
  expect((await ask("wrong")).status).toBe(401);
  expect((await ask("secret")).status).toBe(200);
  mock.child.kill("SIGTERM");
  expect(await mock.ended).toBe(0);
});

it("lists its kinds, and says what is wrong with the others", async () => {
  const help = weir(["mock", "--help"]);
  expect(await help.ended).toBe(0);
  for (const kind of KIND_NAMES) expect(help.output()).toContain(kind);
  const unknown = weir(["mock", "--as", "watson"]);
  expect(await unknown.ended).toBe(2);
  expect(unknown.output()).toContain("--as watson: use one of openai, azure-openai");
  const keyless = weir(["mock", "--key-env", "NO_SUCH_KEY"]);
  expect(await keyless.ended).toBe(2);
  expect(keyless.output()).toContain("--key-env NO_SUCH_KEY: no such variable is set");
});
