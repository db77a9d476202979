import { Agent, request } from "node:http";

/**
 * The other end of `paced-upstream.ts`, in a process of its own. Arguments: mode (`streams` or `rate`),
 * URL, JSON of headers and body. Prints JSON: sorted microseconds.
 */
export interface Plan {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** Streams at a time; or requests a second over so many connections. */
  readonly count: number;
  readonly rounds: number;
  /** Between the starts of two streams. */
  readonly everyMs: number;
}

const [mode = "", url = "", planText = "{}"] = process.argv.slice(2);
const plan = JSON.parse(planText) as Plan; // our own bench wrote it
const body = JSON.stringify(plan.body);
const agent = new Agent({ keepAlive: true, maxSockets: 256 });

const nowMicros = () => Number(process.hrtime.bigint() / 1000n);
const STAMP = /"content":"([a-j]{10,20}) "/g;
const fromStamp = (letters: string) =>
  Number(letters.replaceAll(/[a-j]/g, (letter) => String(letter.charCodeAt(0) - 97)));

/** One request; `onText` gets the pieces of its answer with the time that they came. */
function ask(onText: (text: string, at: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = request(
      url,
      {
        method: "POST",
        agent,
        headers: {
          "content-type": "application/json",
          "content-length": Buffer.byteLength(body),
          ...plan.headers,
        },
      },
      (answer) => {
        if (answer.statusCode !== 200) reject(new Error(`HTTP ${answer.statusCode}`));
        answer.setEncoding("utf8").on("data", (text: string) => onText(text, nowMicros()));
        answer.on("end", resolve);
        answer.on("error", reject);
      },
    );
    call.on("error", reject);
    call.end(body);
  });
}

async function streams(): Promise<{ token: number[]; first: number[] }> {
  const token: number[] = [];
  const first: number[] = [];
  const one = async (index: number) => {
    // Not all at once: a burst would measure the burst.
    await new Promise((resolve) => setTimeout(resolve, index * plan.everyMs));
    const startedAt = nowMicros();
    let hasBegun = false;
    await ask((text, at) => {
      for (const [, stamp = ""] of text.matchAll(STAMP)) {
        token.push(at - fromStamp(stamp));
        if (!hasBegun) first.push(at - startedAt);
        hasBegun = true;
      }
    });
  };
  for (let round = 0; round < plan.rounds; round++) {
    await Promise.all(Array.from({ length: plan.count }, (_, index) => one(index)));
    if (round === 0) for (const list of [token, first]) list.length = 0; // warm-up
  }
  return { token, first };
}

/** A steady rate: each request has its moment, whether or not the one before it has ended. */
async function rate(): Promise<{ whole: number[] }> {
  const whole: number[] = [];
  const waiting: Promise<void>[] = [];
  const beganAt = performance.now();
  const total = plan.count * plan.rounds;
  for (let index = 0; index < total;) {
    const due = Math.floor(((performance.now() - beganAt) / 1000) * plan.count);
    for (; index < Math.min(due, total); index++) {
      const startedAt = nowMicros();
      const isWarm = index > plan.count; // the first second warms up
      waiting.push(
        ask(() => undefined).then(() => void (isWarm && whole.push(nowMicros() - startedAt))),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(waiting);
  return { whole };
}

const result: Record<string, number[]> = mode === "rate" ? await rate() : { ...(await streams()) };
const sorted = Object.entries(result).map(([name, values]) => [
  name,
  values.toSorted((a, b) => a - b),
]);
process.stdout.write(JSON.stringify(Object.fromEntries(sorted)), () => process.exit(0));
