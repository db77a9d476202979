/**
 * A reader for the strict subset of HTTP/1.1 that inference clients send, on the accepted socket.
 * Whatever `head.ts` does not take for a plain request goes, with its connection and all its bytes,
 * to `node:http`, for good: nothing unusual is interpreted here, and no request is seen by both.
 */
import type { Socket } from "node:net";
import { flushWrites } from "../../core/turn-writes.ts";
import { type NodeLimits, silentBody, tooSlow } from "./exchange.ts";
import { type Head, readHead } from "./head.ts";
import type { Lane } from "./inference.ts";
import { type Carrier, KEEP_ALIVE_SECONDS, SocketExchange } from "./socket-exchange.ts";

export interface SocketLaneNeeds {
  readonly paths: ReadonlySet<string>;
  readonly lane: Lane;
  /** Whether the lane takes this one of them; absent: all. */
  readonly takes?: (request: Pick<Head, "path" | "headers">) => boolean;
  /** Gives a socket, whose unread bytes are in its buffer, to `node:http`. */
  readonly handOver: (socket: Socket) => void;
  readonly limits: NodeLimits & {
    /** Requests on one connection, after which it is closed; 0: no limit. */
    readonly maxRequests: () => number;
  };
}

export interface SocketLane {
  accept(socket: Socket): void;
  /** Closes the connections on which nothing is asked and nothing is left to send. */
  closeIdle(): void;
  closeAll(): void;
  /** Requests that were read here, and connections that were handed over. */
  readonly counts: { taken: number; handedOver: number };
}

const TICK_MS = 1000;
/** How long a connection may stay after its last byte was sent. */
const LEAVING_SECONDS = 30;
/** A client that sends so much ahead of its answers is not read further until one is done. */
const MAX_AHEAD_BYTES = 64 * 1024;
const TRUNCATED = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";

/** Waiting for a request, reading a body, answering, sending the last bytes, or no longer ours. */
type State = "waiting" | "body" | "answering" | "leaving" | "gone";

/** Builds the reader. Its one timer runs while there are connections. */
export function createSocketLane(needs: SocketLaneNeeds): SocketLane {
  const connections = new Set<Connection>();
  const house: House = {
    ...needs,
    counts: { taken: 0, handedOver: 0 },
    second: 0,
    remove(connection) {
      connections.delete(connection);
      if (connections.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    },
  };
  let timer: NodeJS.Timeout | undefined;

  function tick(): void {
    house.second++;
    for (const connection of connections) connection.tick();
  }

  return {
    counts: house.counts,
    accept(socket) {
      connections.add(new Connection(socket, house));
      timer ??= setInterval(tick, TICK_MS);
    },
    closeIdle() {
      for (const connection of connections) connection.closeIfIdle();
    },
    closeAll() {
      for (const { socket } of connections) socket.destroy();
    },
  };
}

interface House extends SocketLaneNeeds {
  readonly counts: { taken: number; handedOver: number };
  /** Seconds since the first connection, while there are any. */
  second: number;
  remove(connection: Connection): void;
}

class Connection implements Carrier {
  readonly socket: Socket;
  private readonly house: House;
  private state: State = "waiting";
  private deadline: number;
  /** When a body must be here whole. */
  private bodyDeadline = 0;
  private requests = 0;
  private isStalled = false;
  private exchange: SocketExchange | undefined;
  /** What came and belongs to no request yet. */
  private held: Buffer | undefined;
  private isAdvancing = false;

  constructor(socket: Socket, house: House) {
    this.socket = socket;
    this.house = house;
    this.deadline = house.second + KEEP_ALIVE_SECONDS;
    socket.on("data", this.onData);
    socket.on("end", this.onEnd);
    socket.on("drain", this.onDrain);
    socket.on("error", this.onGone);
    socket.on("close", this.onGone);
  }

  ended(keepOpen: boolean): void {
    this.exchange = undefined;
    if (!keepOpen) {
      this.leave();
      return;
    }
    this.state = "waiting";
    this.deadline = this.house.second + KEEP_ALIVE_SECONDS;
    if (this.socket.isPaused()) this.socket.resume();
    this.advance();
  }

  keep(rest: Buffer): void {
    this.held = rest;
  }

  awaitBody(): void {
    this.state = "body";
    this.bodyDeadline = this.house.second + seconds(this.house.limits.bodyTimes.totalMs());
    this.awaitMore();
  }

  stalled(): void {
    if (this.isStalled) return;
    this.isStalled = true;
    // Node tells progress within one long write from none: only the latter times out.
    this.socket.setTimeout(this.house.limits.slowReaderMs(), this.onStuck);
  }

  bodyComplete(): void {
    this.state = "answering";
  }

  tick(): void {
    if (this.house.second < this.deadline) return;
    flushWrites();
    if (this.state === "waiting" || this.state === "leaving") {
      // A slow reader of a long answer is not idle: its time begins when the last byte is gone.
      if (this.socket.writableLength > 0) {
        this.stalled();
        this.deadline = this.house.second + KEEP_ALIVE_SECONDS;
      } else this.socket.destroy();
    } else if (this.state === "body") {
      const { totalMs, idleMs } = this.house.limits.bodyTimes;
      const isLate = this.house.second >= this.bodyDeadline;
      this.exchange?.timedOut(isLate ? tooSlow(totalMs()) : silentBody(idleMs()));
    }
  }

  closeIfIdle(): void {
    flushWrites();
    const isIdle = this.state === "waiting" || this.state === "leaving";
    if (isIdle && this.socket.writableLength === 0) this.socket.destroy();
  }

  private readonly onData = (chunk: Buffer): void => {
    if (this.state === "leaving") return; // the rest of a body that nobody reads
    if (this.state === "body") {
      this.awaitMore();
      this.exchange?.push(chunk);
      return;
    }
    this.held = this.held ? Buffer.concat([this.held, chunk]) : chunk;
    if (this.state === "waiting") this.advance();
    if (this.held !== undefined && this.held.length > MAX_AHEAD_BYTES) this.socket.pause();
  };

  /** Takes the requests that are here, one after the other, as far as each is answered. */
  private advance(): void {
    if (this.isAdvancing) return;
    this.isAdvancing = true;
    while (this.state === "waiting" && this.held && !this.socket.writableNeedDrain) {
      const bytes = this.held;
      const head = readHead(bytes, this.house.paths);
      if (!head || this.house.takes?.(head) === false) {
        this.handOver(bytes);
        break;
      }
      this.held = undefined;
      this.state = "answering";
      this.house.counts.taken++;
      this.exchange = new SocketExchange(this, head, bytes.subarray(head.endsAt));
      this.countRequest(this.exchange);
      this.house.lane(this.exchange);
    }
    this.isAdvancing = false;
  }

  private countRequest(exchange: SocketExchange): void {
    this.requests += 1;
    const most = this.house.limits.maxRequests();
    if (most > 0 && this.requests >= most) exchange.closeAfter();
  }

  private awaitMore(): void {
    const idle = this.house.second + seconds(this.house.limits.bodyTimes.idleMs());
    this.deadline = Math.min(this.bodyDeadline, idle);
  }

  private handOver(bytes: Buffer): void {
    const { socket } = this;
    flushWrites();
    this.detach();
    this.house.counts.handedOver++;
    // Paused, so that the bytes put back wait for the next reader, whatever state the stream is in.
    socket.pause();
    socket.unshift(bytes);
    this.house.handOver(socket);
    socket.resume();
  }

  private detach(): void {
    const { socket } = this;
    this.state = "gone";
    this.held = undefined;
    this.flowsAgain();
    socket.off("data", this.onData);
    socket.off("end", this.onEnd);
    socket.off("drain", this.onDrain);
    socket.off("error", this.onGone);
    socket.off("close", this.onGone);
    this.house.remove(this);
  }

  private readonly onDrain = (): void => {
    this.flowsAgain();
    if (this.exchange) this.exchange.drained();
    else this.advance();
  };

  private flowsAgain(): void {
    if (!this.isStalled) return;
    this.isStalled = false;
    this.socket.setTimeout(0, this.onStuck);
  }

  private readonly onStuck = (): void => {
    this.socket.destroy();
  };

  /** The client sends nothing more; as with `node:http`, it then also gets no further answer. */
  private readonly onEnd = (): void => {
    flushWrites();
    if (this.state === "body") this.socket.write(TRUNCATED);
    this.abandon();
    this.leave();
  };

  private readonly onGone = (): void => {
    if (this.state === "gone") return;
    this.abandon();
    this.state = "gone";
    this.house.remove(this);
  };

  private abandon(): void {
    const { exchange } = this;
    this.exchange = undefined;
    exchange?.left();
  }

  private leave(): void {
    this.state = "leaving";
    this.held = undefined;
    this.deadline = this.house.second + LEAVING_SECONDS;
    flushWrites();
    this.socket.end();
    if (this.socket.isPaused()) this.socket.resume();
  }
}

/** In whole ticks, and one more: the current one is partly over. */
function seconds(ms: number): number {
  return Math.ceil(ms / TICK_MS) + 1;
}
