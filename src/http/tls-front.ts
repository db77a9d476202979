import type { Socket } from "node:net";
import type { Server, TLSSocket } from "node:tls";
import type { Log } from "../core/log.ts";

export interface TlsIdentity {
  readonly cert?: string;
  readonly key?: string;
  /** The authorities whose clients may come in. Absent: no client is asked for a certificate. */
  readonly ca?: string;
  readonly clientCerts: "required" | "optional";
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
}

/** Speaks TLS on sockets that another server has accepted, and hands on what was decrypted. */
export interface TlsFront {
  accept(socket: Socket): void;
  /** New connections get this from now on; those that are open keep what they have. */
  use(identity: TlsIdentity): void;
  /** Closes all connections, also those that have not come through their handshake. */
  closeAll(): void;
}

const HANDSHAKE_MS = 10_000;

export function createTlsFront(
  identity: TlsIdentity,
  opened: (socket: TLSSocket) => void,
  log: Log,
): TlsFront {
  const open = new Set<Socket>();
  let server = serverOf(identity);

  /** It never listens: it is given the sockets that the HTTP server accepts. */
  function serverOf({ cert, key, ca, clientCerts, minVersion }: TlsIdentity): Server {
    const asksForOne = ca !== undefined;
    // Two megabytes that a server without TLS does without.
    const tls = process.getBuiltinModule("node:tls").createServer({
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(asksForOne && { ca }),
      requestCert: asksForOne,
      rejectUnauthorized: asksForOne && clientCerts === "required",
      minVersion,
      handshakeTimeout: HANDSHAKE_MS,
      ALPNProtocols: ["http/1.1"],
    });
    tls.on("secureConnection", (socket) => {
      // "optional" lets in who shows nothing, not who shows something that nobody here signed.
      if (asksForOne && !socket.authorized && socket.getPeerX509Certificate() !== undefined) {
        log.debug("client_certificate_refused", { reason: String(socket.authorizationError) });
        socket.destroy();
      } else opened(socket);
    });
    tls.on("tlsClientError", (cause, socket) => {
      const code = "code" in cause ? String(cause.code) : "";
      log.debug("tls_handshake_failed", { code });
      socket.destroy();
    });
    return tls;
  }

  return {
    accept(socket) {
      open.add(socket);
      socket.once("close", () => open.delete(socket));
      server.emit("connection", socket);
    },
    use(next) {
      server = serverOf(next);
    },
    closeAll() {
      for (const socket of open) socket.destroy();
    },
  };
}
