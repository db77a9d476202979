import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../src/cli/mock/upstream.ts";
import { serve, weir } from "./support/process.ts";
import { ADMIN_KEY, temporaryFolder } from "./support/server.ts";

/** The commands as a person types them. */

const DEMO = join(import.meta.dirname, "..", "models", "demo.gguf");

it("chats with a running server, in text and in JSON", async () => {
  const mock = await createMockUpstream({ reply: "Hello from upstream." });
  onTestFinished(() => mock.close());
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, "weir.yaml"),
    `models: { chat: { targets: [{ provider: openai-compatible, url: "${mock.url}", model: up }] } }`,
  );
  const server = await serve(folder);
  const env = { WEIR_URL: server.url, WEIR_API_KEY: ADMIN_KEY };
  const asked = weir(["chat", "Hi", "there"], { env });
  expect(await asked.ended).toBe(0);
  expect(asked.output().trim()).toBe("Hello from upstream.");
  expect(mock.requests[0]).toMatchObject({ messages: [{ role: "user", content: "Hi there" }] });
  const json = weir(["chat", "--json", "--system", "Be brief.", "Hi"], { env });
  expect(await json.ended).toBe(0);
  expect(JSON.parse(json.output())).toMatchObject({ text: "Hello from upstream.", finish: "stop" });
  const wrong = weir(["chat", "Hi"], { env: { ...env, WEIR_API_KEY: "wk-no" } });
  expect(await wrong.ended).toBe(1);
  expect(wrong.output()).toContain("rotate --admin");
  const list = weir(["model", "list"], { env });
  expect(await list.ended).toBe(0);
  expect(list.output()).toMatch(/chat +openai-compatible\/up +ready/);
});

it("says what to do when no server or no key is there", async () => {
  const nobody = weir(["chat", "Hi"], {
    env: { WEIR_URL: "http://127.0.0.1:1", WEIR_API_KEY: "k" },
  });
  expect(await nobody.ended).toBe(1);
  expect(nobody.output()).toMatch(/No server answers.*weir serve/);
  const keyless = weir(["chat", "Hi"]);
  expect(await keyless.ended).toBe(1);
  expect(keyless.output()).toContain("WEIR_API_KEY");
});

it("serves a GGUF file that is named on the command line", async () => {
  const server = await serve(temporaryFolder(), {}, ["--model", DEMO]);
  await server.says(/Models are ready/);
  const answer = await fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
    body: JSON.stringify({
      model: "chat",
      temperature: 0,
      messages: [{ role: "user", content: "What is a KV cache?" }],
    }),
  });
  expect(answer.status).toBe(200);
});

it("inspects a model file, and says what is wrong with one that is none", async () => {
  const inspected = weir(["model", "inspect", DEMO, "--json"]);
  expect(await inspected.ended).toBe(0);
  expect(JSON.parse(inspected.output())).toMatchObject({
    architecture: "llama",
    quantization: "Q8_0",
  });
  const none = weir(["model", "inspect", import.meta.filename]);
  expect(await none.ended).toBe(1);
  expect(none.output()).toContain("not a GGUF file");
});

it("checks a config, prints its schema, and examines the machine", async () => {
  const folder = temporaryFolder();
  const sound = weir(["check"], { cwd: folder });
  expect(await sound.ended).toBe(0);
  expect(sound.output()).toContain("built-in config is sound");
  const schema = weir(["check", "--schema"]);
  expect(await schema.ended).toBe(0);
  expect(JSON.parse(schema.output())).toMatchObject({ title: "weir.yaml" });
  writeFileSync(join(folder, "weir.yaml"), "sever: {}");
  const bad = weir(["check"], { cwd: folder });
  expect(await bad.ended).toBe(1);
  expect(bad.output()).toContain("Did you mean server?");
  const doctor = weir(["doctor", "--json"], { cwd: folder });
  expect(await doctor.ended).toBe(1);
  expect(JSON.parse(doctor.output())).toEqual([
    expect.objectContaining({ check: "config", state: "failed" }),
  ]);
});

it("writes completion scripts for every shell", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const script = weir(["completion", shell]);
    expect(await script.ended).toBe(0);
    expect(script.output()).toContain("doctor");
  }
});

it("runs a fake upstream that fails when it is told to", async () => {
  const mock = weir(["mock", "--port", "0", "--reply", "fine"]);
  const [, url = ""] = await mock.says(/listens at (http:\S+)/);
  const ask = (headers: Record<string, string>) =>
    fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body: "{}" });
  expect((await ask({})).status).toBe(200);
  expect((await ask({ "x-mock-fault": "503" })).status).toBe(503);
  mock.child.kill("SIGTERM");
  expect(await mock.ended).toBe(0);
});

it("lists, tests and steers a server's targets", async () => {
  const vllm = await createMockUpstream({ kind: "vllm", devMode: true });
  const broken = await createMockUpstream();
  onTestFinished(async () => {
    await vllm.close();
    await broken.close();
  });
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, "weir.yaml"),
    `models:
  good: { targets: [{ provider: vllm, url: "${vllm.url}", model: mock }] }
  bad: { targets: [{ provider: openai-compatible, url: "${broken.url}", model: mock-status-500 }] }`,
  );
  const server = await serve(folder);
  const env = { WEIR_URL: server.url, WEIR_API_KEY: ADMIN_KEY };
  const run = async (...args: string[]) => {
    const asked = weir(["targets", ...args], { env });
    return { code: await asked.ended, output: asked.output() };
  };
  const list = await run();
  expect(list).toMatchObject({ code: 0 });
  expect(list.output).toMatch(/good +vllm\/mock +ready.*tokenize/);
  const tested = await run("test");
  expect(tested.code).toBe(1);
  expect(tested.output).toMatch(/good .*ok .*ms/);
  expect(tested.output).toMatch(/bad .*failed .*500/);
  expect((await run("test", "-m", "good", "--json")).output).toContain('"ok": true');
  const facts = await run("facts", "-m", "good");
  expect(facts.output).toMatch(/version .*\n.*models .*mock/);
  expect(facts.output).toContain("let only Weir reach it");
  expect(await run("sleep", "-m", "good")).toMatchObject({ code: 0 });
  expect((await run("facts", "-m", "good", "--json")).output).toContain('"isSleeping": true');
  expect((await run("wake")).output).toContain("say which target");
  expect((await run("fly", "-m", "good")).code).toBe(2);
});
