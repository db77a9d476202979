import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Contender } from "./contenders.ts";

export interface Load {
  readonly perSecond: number;
  readonly failed: number;
  /** Of the contender, while the load lasted; with system time, without waiting. */
  readonly cpuMicros: number;
}

export interface Question {
  readonly path: string;
  readonly body: unknown;
}

/** About 200 bytes of prompt, as a person would type. */
export const PROMPT =
  "Our support bot answers slowly in the evening. The first token takes four seconds although the model is small. What should we look at first, and which number tells us that it got better afterwards?";

export const CHAT: Question = {
  path: "/v1/chat/completions",
  body: { model: "chat", max_tokens: 64, messages: [{ role: "user", content: PROMPT }] },
};
export const CHAT_STREAM: Question = {
  path: "/v1/chat/completions",
  body: { ...(CHAT.body as object), stream: true },
};

/** Puts load on a contender from the other core, and reads wrk's figures. */
export async function runWrk(
  contender: Contender,
  { connections, seconds, folder }: { connections: number; seconds: number; folder: string },
  question: Question = CHAT,
): Promise<Load> {
  const script = join(folder, `${contender.name}.lua`);
  const body = JSON.stringify(question.body);
  const headers = Object.entries({ "content-type": "application/json", ...contender.headers });
  writeFileSync(
    script,
    [
      'wrk.method = "POST"',
      `wrk.body = ${JSON.stringify(body)}`,
      ...headers.map(
        ([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`,
      ),
    ].join("\n"),
  );
  const args = [
    "-c",
    "1",
    "wrk",
    "-t1",
    `-c${connections}`,
    `-d${seconds}s`,
    "--timeout",
    "10s",
    "-s",
    script,
  ];
  const before = contender.cpuMicros();
  const output = await outputOf("taskset", [...args, `${contender.url}${question.path}`]);
  const cpuMicros = contender.cpuMicros() - before;
  const number = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? 0);
  return {
    perSecond: number(/Requests\/sec:\s+([\d.]+)/),
    failed: number(/Non-2xx or 3xx responses: (\d+)/),
    cpuMicros: cpuMicros / Math.max(1, number(/(\d+) requests in/)),
  };
}

function outputOf(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (bytes: Buffer) => {
      output += bytes.toString();
    });
    child.once("error", reject);
    child.once("exit", () => resolve(output));
  });
}
