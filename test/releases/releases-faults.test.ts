import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../../src/cli/mock/upstream.ts";
import type { Log } from "../../src/core/log.ts";
import type { ReleaseDetail } from "../../src/http/release-schemas.ts";
import { serve, weir } from "../support/process.ts";
import { ADMIN_KEY, eventually, temporaryFolder } from "../support/server.ts";
import { mountTmpfs } from "../support/tmpfs.ts";
import { HI, ask, chat } from "../support/workers.ts";
import { ReleaseDesk } from "../../src/weir/releases/desk.ts";
import { parseConfig } from "../../src/config/load.ts";

/** What happens to a release when processes die, disks are full and several processes take calls. */

const target = (url: string) => `{ provider: openai-compatible, url: "${url}", model: up }`;

async function setUp(release: string, failRate = 0) {
  const stable = await createMockUpstream();
  const candidate = await createMockUpstream({ failRate, fault: "500" });
  onTestFinished(async () => {
    await stable.close();
    await candidate.close();
  });
  const folder = temporaryFolder();
  const yaml = `models: { chat: { targets: [${target(stable.url)}], release: { candidate: ${target(candidate.url)}, unit: call, warmUp: 0s, ${release} } } }`;
  writeFileSync(join(folder, "weir.yaml"), yaml);
  return { stable, candidate, folder, yaml };
}

async function detailOf(url: string): Promise<ReleaseDetail> {
  const answer = await ask(url, "/admin/v1/releases/detail?model=chat");
  return (await answer.json()) as ReleaseDetail;
}

async function callMany(url: string, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 20) {
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        await (await chat(url, HI)).arrayBuffer();
      }),
    );
  }
}

it("survives kill -9 at any moment: the step stays what it was, and nothing counts twice", async () => {
  const { folder, candidate } = await setUp("stages: [10%, 50%], promote: { missWorseThan: 3 }");
  let server = await serve(folder);
  let before = await detailOf(server.url);
  for (let round = 0; round < 4; round++) {
    const calling = callMany(server.url, 120).catch(() => undefined); // its server is killed
    await eventually(
      () => detailOf(server.url),
      ({ exposed, controls }) => exposed + controls > before.exposed + before.controls,
    );
    before = await detailOf(server.url);
    server.child.kill("SIGKILL");
    await server.ended;
    await calling;
    server = await serve(folder);
    const after = await detailOf(server.url);
    expect(after.id).toBe(before.id);
    expect(after.stage).toBeGreaterThanOrEqual(before.stage);
    // Calls went on between the look and the end of the process: none is lost that was seen.
    expect(after.exposed).toBeGreaterThanOrEqual(before.exposed);
    expect(after.exposed).toBeLessThanOrEqual(candidate.requests.length);
    before = after;
  }
});

it("is judged once, whichever worker took the call, and rolled back in all of them", async () => {
  const { folder, candidate } = await setUp("stages: [50%]", 1);
  const server = await serve(folder, {}, ["--workers", "2"]);
  for (let round = 0; round < 40; round++) {
    await callMany(server.url, 20);
    if ((await detailOf(server.url)).phase !== "running") break;
  }
  const { phase, exposed } = await eventually(
    () => detailOf(server.url),
    (detail) => detail.phase !== "running",
  );
  expect(phase).toBe("rolled-back");
  expect(exposed).toBeGreaterThanOrEqual(3);
  // The news is on its way to the workers while this asks: then none goes there any more.
  await eventually(
    async () => {
      const seen = candidate.requests.length;
      await callMany(server.url, 20);
      return candidate.requests.length - seen;
    },
    (more) => more === 0,
  );
});

it("gives nobody more traffic while its journal cannot be written, and rolls back all the same", (context) => {
  const disk = mountTmpfs("size=1m");
  if (disk === undefined) {
    context.skip("only root may mount a file system");
    return;
  }
  const folder = join(disk, "releases");
  mkdirSync(folder);
  const said: string[] = [];
  const log: Log = {
    debug: () => undefined,
    info: (event) => void said.push(event),
    warn: () => undefined,
    error: (event) => void said.push(event),
    part: () => log,
    batched: () => log,
  };
  const ticks: (() => void)[] = [];
  const desk = new ReleaseDesk({
    folder,
    log,
    now: () => 1,
    monotonic: () => 1,
    later: (_ms, run) => {
      ticks.push(run);
      return () => undefined;
    },
    restarts: () => 0,
    turned: () => undefined,
  });
  onTestFinished(() => desk.close());
  const url = "http://127.0.0.1:1";
  const yaml = `models: { chat: { targets: [${target(url)}], release: { candidate: ${target(`${url}/b`)}, stages: [10%, 50%], warmUp: 0s } } }`;
  desk.apply(parseConfig(yaml, "weir.yaml").models);
  const filler = join(disk, "filler");
  fill(filler);
  const { id } = desk.find("chat").book.plan;
  const call = (failed: boolean) => ({
    failed,
    isValid: null,
    refused: false,
    guardHit: false,
    guardCritical: false,
    aborted: false,
    ttftMs: null,
    itlMs: null,
    outputTokens: null,
    costNanos: null,
    promptTokens: 1,
    cachedTokens: 0,
  });
  const take = (arm: "candidate" | "control", failed: boolean) =>
    desk.take({ model: "chat", id, unit: { arm, probability: 0.1, calls: [call(failed)] } });
  for (let at = 0; at < 1800; at++) take(at % 10 === 0 ? "candidate" : "control", false);
  expect(desk.find("chat").book).toMatchObject({ phase: "running", stage: 0 });
  expect(said).toContain("release_held");
  for (let at = 0; at < 60; at++) take(at % 3 === 0 ? "candidate" : "control", at % 3 === 0);
  expect(desk.find("chat").book.phase).toBe("rolled-back");
  rmSync(filler);
  for (const tick of ticks.splice(0)) tick();
  desk.close();
  const again = new ReleaseDesk({
    folder,
    log,
    now: () => 2,
    monotonic: () => 2,
    later: () => () => undefined,
    restarts: () => 0,
    turned: () => undefined,
  });
  onTestFinished(() => again.close());
  again.apply(parseConfig(yaml, "weir.yaml").models);
  expect(again.find("chat").book.phase).toBe("rolled-back");
});

function fill(path: string): void {
  for (let size = 1024 * 1024; size >= 1; size = Math.floor(size / 2)) {
    try {
      writeFileSync(path, Buffer.alloc(size), { flag: "a" });
    } catch {
      // This much is not left: perhaps half of it.
    }
  }
}

it("is told of on the command line", async () => {
  const { folder } = await setUp("stages: [50%]", 1);
  const server = await serve(folder);
  const run = async (...args: string[]) => {
    const cli = weir(["release", ...args], {
      env: { WEIR_URL: server.url, WEIR_ADMIN_KEY: ADMIN_KEY },
    });
    const code = await cli.ended;
    return { code, output: cli.output() };
  };
  expect((await run()).output).toMatch(/chat +openai-compatible\/up +running +50%/);
  expect((await run("pause")).output).toContain("chat: running, paused. Paused by");
  expect((await run("pause", "chat")).output).toContain("paused already");
  await callMany(server.url, 100);
  const { output } = await run("why");
  expect(output).toMatch(
    /is rolled-back\.\nEvidence [\d.]+ against a bound of 20: \d+ of \d+ failed/,
  );
  expect(output).toMatch(/errors +0\/\d+ +\d+\/\d+/);
  expect(await run("watch")).toMatchObject({ code: 1 });
  expect((await run("rejudge", "--tolerate", "speed=1%")).output).toContain("there is errors,");
  expect((await run("rejudge", "--tolerate", "errors=50%")).output).toContain("it would be");
  expect((await run("journal")).output).toContain('"kind":"begun"');
  expect((await run("explode")).code).toBe(2);
});
