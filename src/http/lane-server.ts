import { type IncomingMessage, type RequestListener, Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { ErrorCode } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { type Exchange, NodeExchange, type NodeLimits } from "./lane/exchange.ts";
import { INFERENCE_PATHS, type Lane } from "./lane/inference.ts";
import { KEEP_ALIVE_SECONDS } from "./lane/socket-exchange.ts";
import { type SocketLane, createSocketLane } from "./lane/socket-lane.ts";
import type { PlainRequests } from "./plain-requests.ts";
import { type TlsFront, type TlsIdentity, createTlsFront } from "./tls-front.ts";

/** What the listener is told; functions where a changed configuration is followed at once. */
export interface ListenerOptions extends NodeLimits, PlainRequests {
  /** Absent: plain http. */
  readonly tls: TlsIdentity | undefined;
  /** How long a request's head may take. */
  readonly headerMs: () => number;
  readonly maxRequestsPerConnection: () => number;
  /** Whether the fast lane takes this one of its requests; absent: all. */
  readonly takes?: (request: Pick<Exchange, "path" | "headers">) => boolean;
  /** A request that could not even be read. */
  readonly rejected: (code: ErrorCode) => void;
  readonly log: Log;
}

/** Of a request's head; more gets a 431. */
const MAX_HEAD_BYTES = 16 * 1024;
/** How often node looks for heads and bodies that are late. */
const LOOK_MS = 1000;

/**
 * A server whose connections are first read by the socket lane, and by `node:http` when that hands
 * them over. Inference takes the same lane on both ways. With TLS, both see what was decrypted.
 */
export class LaneServer extends Server {
  private readonly socketLane: SocketLane;
  private readonly front: TlsFront | undefined;
  private readonly settings: ListenerOptions;
  /** The answer that a connection of node's carries now. */
  private readonly answers = new WeakMap<Socket, ServerResponse>();

  constructor(lane: Lane, settings: ListenerOptions, handle: RequestListener) {
    const answer = (request: IncomingMessage, response: ServerResponse) => {
      this.answers.set(request.socket, response);
      request.url = toOriginForm(request.url ?? "/");
      const exchange = new NodeExchange(request, response, settings);
      const isTaken = settings.takes?.(exchange) !== false && lane(exchange);
      if (!isTaken) handle(request, response);
    };
    super(
      {
        keepAliveTimeout: KEEP_ALIVE_SECONDS * 1000,
        maxHeaderSize: MAX_HEAD_BYTES,
        connectionsCheckingInterval: LOOK_MS,
      },
      answer,
    );
    this.settings = settings;
    this.adjust();
    const listeners = this.listeners("connection");
    this.removeAllListeners("connection");
    this.socketLane = createSocketLane({
      paths: INFERENCE_PATHS,
      lane,
      ...(settings.takes && { takes: settings.takes }),
      handOver: (socket) => {
        for (const listener of listeners) listener.call(this, socket);
      },
      limits: { ...settings, maxRequests: settings.maxRequestsPerConnection },
    });
    const accept = (socket: Socket) => this.socketLane.accept(socket);
    this.front = settings.tls && createTlsFront(settings.tls, accept, settings.log);
    this.on("connection", (socket: Socket) => (this.front ?? this.socketLane).accept(socket));
  }

  get isSecure(): boolean {
    return this.front !== undefined;
  }

  /** Goes over to the limits that the settings give now. */
  adjust(): void {
    const { headerMs, bodyTimes, maxRequestsPerConnection } = this.settings;
    this.headersTimeout = headerMs();
    this.requestTimeout = headerMs() + bodyTimes.totalMs();
    this.maxRequestsPerSocket = maxRequestsPerConnection();
  }

  /** Whether the connection is in the midst of an answer. */
  isAnswering(socket: Socket): boolean {
    const answer = this.answers.get(socket);
    return answer !== undefined && answer.headersSent && !answer.writableFinished;
  }

  /** New connections are shown this certificate. */
  useTls(identity: TlsIdentity): void {
    this.front?.use(identity);
  }

  /** Called by `close` too. */
  override closeIdleConnections(): void {
    super.closeIdleConnections();
    this.socketLane.closeIdle();
  }

  override closeAllConnections(): void {
    super.closeAllConnections();
    this.socketLane.closeAll();
    this.front?.closeAll();
  }
}

/** Clients of a proxy send the whole address; what counts here is what follows its host. */
function toOriginForm(url: string): string {
  const found = /^https?:\/\/[^/?#]*(.*)$/i.exec(url);
  if (!found) return url;
  const [, rest = ""] = found;
  return rest.startsWith("/") ? rest : `/${rest}`;
}
