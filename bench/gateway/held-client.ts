import { type Socket, connect } from "node:net";

/**
 * Holds many streams open at once, in a process of its own. Arguments: URL, JSON of headers and body,
 * streams, seconds. Prints JSON: how many got their first token, how many were still open at the end,
 * tokens that came meanwhile. Bare sockets: 9,000 of node:http's requests would measure themselves.
 */
const [url = "", planText = "{}", streamsText = "1000", secondsText = "10"] = process.argv.slice(2);
const plan = JSON.parse(planText) as { headers: Record<string, string>; body: unknown }; // ours
const { hostname, port, pathname } = new URL(url);
const body = JSON.stringify(plan.body);
const head = Object.entries({
  host: `${hostname}:${port}`,
  "content-type": "application/json",
  "content-length": String(Buffer.byteLength(body)),
  ...plan.headers,
});
const REQUEST = `POST ${pathname} HTTP/1.1\r\n${head.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`;
/** Streams that are opened together; then the next ones. */
const AT_ONCE = 50;

let first = 0;
let open = 0;
let tokens = 0;
const sockets: Socket[] = [];

function start(): void {
  const socket = connect(Number(port), hostname, () => socket.write(REQUEST));
  let hasToken = false;
  sockets.push(socket);
  open += 1;
  socket.on("data", (bytes: Buffer) => {
    if (!bytes.includes("data: ")) return;
    tokens += 1;
    if (!hasToken) first += 1;
    hasToken = true;
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    open -= 1;
  });
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const streams = Number(streamsText);
for (let count = 0; count < streams; count += AT_ONCE) {
  for (let one = count; one < Math.min(streams, count + AT_ONCE); one++) start();
  await wait(25);
}
const isWaiting = (since: number) => first < streams && performance.now() - since < 60_000;
const since = performance.now();
while (isWaiting(since)) await wait(100);
// Whoever measures reads now: all are open.
process.stderr.write(`held ${first}\n`);
const before = tokens;
await wait(Number(secondsText) * 1000);
const result = { first, open, tokensPerSecond: (tokens - before) / Number(secondsText) };
for (const socket of sockets) socket.destroy();
process.stdout.write(JSON.stringify(result));
