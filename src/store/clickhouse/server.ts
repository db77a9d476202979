import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request } from "node:http";
import { Agent as HttpsAgent, request as requestTls } from "node:https";
import { WeirError, messageOf } from "../../core/errors.ts";
import { storableJson } from "../storable.ts";

export interface ClickHouseOptions {
  readonly url: string;
  readonly database: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

const TIMEOUT_MS = 30_000;
/** Who does not answer the first question, a small one, within this is away. */
const FIRST_TIMEOUT_MS = 5000;
/** Lists of ids are longer than 256 KiB, the default; every column of every part has a buffer of its own. */
const SETTINGS =
  "max_query_size=16777216&output_format_json_quote_64bit_integers=0&max_read_buffer_size=65536";
/** Too many queries or parts, no memory or room left, only readable, too slow: it will do the same later. */
const PASSING = new Set([74, 159, 164, 173, 202, 209, 210, 236, 241, 242, 243, 252, 319, 425]);

/** ClickHouse by its HTTP interface: a statement goes out as a body, and rows come back as lines of JSON. */
export class ClickHouseServer {
  private readonly options: ClickHouseOptions;
  private readonly agent: HttpAgent;
  private readonly migrations: readonly string[];
  private ready: Promise<void> | undefined;
  private isReady = false;

  constructor(options: ClickHouseOptions, migrations: readonly string[]) {
    this.options = options;
    const Agent = options.url.startsWith("https:") ? HttpsAgent : HttpAgent;
    this.agent = new Agent({ keepAlive: true, maxSockets: 8 });
    this.migrations = migrations;
  }

  /** Makes what is missing of the database. A server that is away is asked again with the next statement. */
  prepare(): Promise<void> {
    this.ready ??= this.migrate().catch((cause: unknown) => {
      this.ready = undefined;
      throw cause;
    });
    return this.ready;
  }

  /** At the start: rejects with invalid_config where it is there and cannot be used. `field`: its place in weir.yaml. */
  async check(field: string): Promise<void> {
    try {
      await this.prepare();
    } catch (cause) {
      if (cause instanceof WeirError && cause.code === "storage_unavailable") return;
      this.close();
      throw new WeirError(
        "invalid_config",
        `Cannot use ClickHouse at ${new URL(this.options.url).host}: ${messageOf(cause)}. Check ${field}, and that its user may create the database ${this.options.database}.`,
        { cause },
      );
    }
  }

  async rows<T extends object>(sql: string): Promise<T[]> {
    const lines = (await this.run(`${sql} FORMAT JSONEachRow`)).toString().split("\n");
    return lines.filter(Boolean).map((line) => JSON.parse(line) as T); // the columns asked for
  }

  /** Rows whose fields are the table's columns. What is sent twice is kept once: by its version. */
  async insert(table: string, rows: readonly object[]): Promise<void> {
    for (const some of inFewDays(rows, (row) => ("day" in row ? String(row.day) : ""))) {
      await this.insertAtOnce(table, some);
    }
  }

  private async insertAtOnce(table: string, rows: readonly object[]): Promise<void> {
    const lines = rows.map((row) => storableJson([row]).slice(1, -1)).join("\n");
    await this.run(`INSERT INTO ${table} FORMAT JSONEachRow\n${lines}`);
  }

  async run(statement: string | Buffer): Promise<Buffer> {
    await this.prepare();
    return this.send(statement, this.options.database);
  }

  close(): void {
    this.agent.destroy();
  }

  private async migrate(): Promise<void> {
    await this.send(`CREATE DATABASE IF NOT EXISTS ${this.options.database}`, "default");
    // Each of them bears to be run again: two replicas may start at the same time.
    for (const step of this.migrations) await this.send(step, this.options.database);
    this.isReady = true;
  }

  private async send(statement: string | Buffer, database: string): Promise<Buffer> {
    try {
      return await this.post(statement, database);
    } catch (cause) {
      // A connection that was kept and had ended meanwhile: statements bear to be said twice.
      if ((cause as NodeJS.ErrnoException).code !== "ECONNRESET") throw away(cause);
    }
    try {
      return await this.post(statement, database);
    } catch (cause) {
      throw away(cause);
    }
  }

  private async post(statement: string | Buffer, database: string): Promise<Buffer> {
    const { url, user, password } = this.options;
    const ask = url.startsWith("https:") ? requestTls : request;
    const target = new URL(`/?database=${database}&${SETTINGS}`, url);
    const headers = {
      ...(user !== undefined && { "x-clickhouse-user": user }),
      ...(password !== undefined && { "x-clickhouse-key": password }),
    };
    const answer = await answerTo(
      ask(target, { method: "POST", agent: this.agent, headers }),
      statement,
      this.isReady ? TIMEOUT_MS : FIRST_TIMEOUT_MS,
    );
    if (answer.status === 200) return answer.body;
    throw refusal(answer.body.toString());
  }
}

/** An insert may touch a hundred partitions at most. */
const MOST_DAYS = 50;

/** Pieces of few days each; none of nothing. */
export function* inFewDays<T>(rows: readonly T[], dayOf: (row: T) => string): Generator<T[]> {
  const byDay = [...Map.groupBy(rows, dayOf).values()];
  for (let at = 0; at < byDay.length; at += MOST_DAYS) yield byDay.slice(at, at + MOST_DAYS).flat();
}

function answerTo(
  sent: ClientRequest,
  body: string | Buffer,
  timeoutMs: number,
): Promise<{ status: number; body: Buffer }> {
  return new Promise((resolve, reject) => {
    sent.setTimeout(timeoutMs, () => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    sent.once("error", reject);
    sent.once("response", (response: IncomingMessage) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.once("error", reject);
      response.once("end", () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(pieces) }),
      );
    });
    sent.end(body);
  });
}

/** `Code: 252, e.displayText() = …`, or `Code: 252. DB::Exception: …` of later releases. */
function refusal(text: string): Error {
  const [, code] = /^Code: (\d+)/.exec(text) ?? [];
  // A statement has values in it that are nobody's business: only what ClickHouse says of it goes on.
  const reason = text
    .slice(0, 300)
    .replaceAll(/'[^']*'/g, "'…'")
    .trim();
  if (code !== undefined && !PASSING.has(Number(code))) return new Error(`ClickHouse: ${reason}`);
  return unavailable(reason);
}

function away(cause: unknown): unknown {
  const isNetwork = cause instanceof Error && "code" in cause && !(cause instanceof WeirError);
  const isTimeout = cause instanceof Error && cause.message.startsWith("no answer within");
  return isNetwork || isTimeout ? unavailable(reasonOf(cause), cause) : cause;
}

function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(messageOf).join("; ");
  return messageOf(cause);
}

function unavailable(reason: string, cause?: unknown): WeirError {
  return new WeirError(
    "storage_unavailable",
    `The trace database cannot be used now (${reason}). What is sent waits in the log until ClickHouse answers.`,
    { cause, retryAfterMs: 2000 },
  );
}
