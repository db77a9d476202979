import { messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { RedisScript } from "./scripts.ts";

/**
 * One connection to Redis or Valkey with a breaker around it: who asks while it is down, or slow, is
 * told so at once. A slow Redis is worse than a dead one: the first answer that does not come in time
 * opens the breaker, and only Redis' own answer to a probe closes it.
 */
export interface Redis {
  readonly isUp: boolean;
  /** Rejects when it is down, gives no answer in time, or refuses the command. */
  send(parts: readonly string[]): Promise<unknown>;
  run(script: RedisScript, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  /** Called each time that it is there again, and the first time. */
  onUp(listener: () => void): void;
  /** Called each time that it has gone. */
  onDown(listener: () => void): void;
  close(): Promise<void>;
}

export interface RedisOptions {
  readonly url: string;
  readonly timeoutMs: number;
  readonly log: Log;
}

const PROBE_MS = 250;
const CONNECT_MS = 2000;
/** A connection that is there and says nothing for so long is given up for a new one. */
const RENEW_MS = 5000;

/** Connects; waits a little for the first answer and goes on without it. */
export async function connectRedis(options: RedisOptions): Promise<Redis> {
  const connection = new Connection(options);
  await connection.open();
  return connection;
}

type Client = Awaited<ReturnType<typeof createClient>>;

/** Loaded only here: who has no Redis does not pay for its client. */
async function createClient({ url, timeoutMs }: RedisOptions) {
  const { createClient: create } = await import("@redis/client");
  return create({
    url,
    disableOfflineQueue: true,
    socket: {
      connectTimeout: Math.max(CONNECT_MS, timeoutMs),
      reconnectStrategy: (retries) => Math.min(50 * 2 ** retries, 1000),
    },
  });
}

class Connection implements Redis {
  isUp = false;
  private readonly options: RedisOptions;
  private client: Client | undefined;
  private readonly upListeners: (() => void)[] = [];
  private readonly downListeners: (() => void)[] = [];
  private probe: NodeJS.Timeout | undefined;
  private downSince = 0;
  private isClosed = false;
  /** Why it is not there, as far as is known. */
  private reason: unknown = new Error("no answer at the start");

  constructor(options: RedisOptions) {
    this.options = options;
  }

  async open(): Promise<void> {
    await this.connect();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, CONNECT_MS);
      this.upListeners.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    if (!this.isUp) this.down(this.reason, true);
  }

  onUp(listener: () => void): void {
    this.upListeners.push(listener);
  }

  onDown(listener: () => void): void {
    this.downListeners.push(listener);
  }

  async send(parts: readonly string[]): Promise<unknown> {
    if (!this.isUp) throw new Error("Redis is down");
    return this.ask(parts, this.options.timeoutMs);
  }

  async run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await this.send(["EVALSHA", script.sha, ...rest]);
    } catch (cause) {
      if (!messageOf(cause).startsWith("NOSCRIPT")) throw cause;
      return this.send(["EVAL", script.text, ...rest]);
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.probe);
    this.client?.destroy();
  }

  private async connect(): Promise<void> {
    const client = await createClient(this.options);
    this.client = client;
    // Each lost connection is an error here; what becomes of it, the commands say.
    client.on("error", (cause: unknown) => {
      if (client === this.client) this.down(cause);
    });
    client.on("ready", () => void this.look(this.options.timeoutMs));
    client.connect().catch((cause: unknown) => {
      if (client === this.client) this.down(cause);
    });
  }

  /** Asks whether somebody is there. */
  private async look(timeoutMs: number): Promise<void> {
    if (!this.client?.isReady || this.isUp || this.isClosed) return;
    try {
      await this.ask(["PING"], timeoutMs);
      this.up();
    } catch (cause) {
      // It stays down; the next probe comes.
      this.reason = cause;
    }
  }

  private ask(parts: readonly string[], timeoutMs: number): Promise<unknown> {
    const { client } = this;
    return new Promise((resolve, reject) => {
      let isAnswered = false;
      const giveUp = () => {
        if (isAnswered) return;
        const late = new Error(`Redis gave no answer within ${timeoutMs} ms`);
        this.down(late);
        reject(late);
      };
      // The answer may lie in the socket, where this process was too busy to read it: it is read first.
      const timer = setTimeout(() => setImmediate(giveUp), timeoutMs);
      client?.sendCommand([...parts]).then(
        (answer) => {
          isAnswered = true;
          clearTimeout(timer);
          resolve(answer);
        },
        (cause: unknown) => {
          isAnswered = true;
          clearTimeout(timer);
          if (!isRefusal(cause)) this.down(cause);
          reject(cause instanceof Error ? cause : new Error(messageOf(cause)));
        },
      );
    });
  }

  private up(): void {
    if (this.isUp || this.isClosed) return;
    this.isUp = true;
    clearTimeout(this.probe);
    this.options.log.info("redis_up");
    for (const listener of this.upListeners) listener();
  }

  private down(cause: unknown, isFirst = false): void {
    this.reason = cause;
    if (this.isClosed || (!this.isUp && !isFirst)) return;
    this.isUp = false;
    this.downSince = Date.now();
    this.options.log.warn("redis_down", { reason: withoutSecrets(messageOf(cause)) });
    for (const listener of this.downListeners) listener();
    this.probeLater();
  }

  private probeLater(): void {
    clearTimeout(this.probe);
    this.probe = setTimeout(() => {
      if (this.client?.isReady && Date.now() - this.downSince > RENEW_MS) {
        this.downSince = Date.now();
        this.client.destroy();
        void this.connect();
      }
      void this.look(this.options.timeoutMs).then(() => {
        if (!this.isUp && !this.isClosed) this.probeLater();
      });
    }, PROBE_MS).unref();
  }
}

/** Redis answered, and did not like what it was asked: that is no reason to take it for dead. */
function isRefusal(cause: unknown): boolean {
  const message = messageOf(cause);
  return (
    /^[A-Z]+ /.test(message) && !/^(LOADING|MASTERDOWN|READONLY|OOM|MISCONF|BUSY) /.test(message)
  );
}

/** An address may have a password in it. */
function withoutSecrets(text: string): string {
  return text.replaceAll(/\/\/[^@/\s]*@/g, "//…@");
}
