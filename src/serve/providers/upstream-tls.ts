import { buildConnector } from "undici";
import { type CertificateSource, openCertificates } from "../../config/certificates.ts";
import type { UpstreamTls } from "../../config/listener.ts";
import { messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";

export interface UpstreamTlsOptions {
  readonly tls: UpstreamTls;
  /** What relative file names are relative to. */
  readonly folder: string;
  readonly connectMs: number;
  readonly now: () => number;
  readonly log: Log;
}

/** Files are looked at no more often than that. */
const LOOK_MS = 1000;

/**
 * How connections to one target are made: with its certificates as they are on disk at that moment.
 * Connections that are open keep theirs. Throws invalid_config where the files are of no use.
 */
export function tlsConnector(options: UpstreamTlsOptions): buildConnector.connector {
  const { tls, folder, now, log } = options;
  const source = openCertificates(tls, folder);
  let connect = connectorFor(options, source);
  let lookedAt = now();

  function renew(): void {
    if (now() - lookedAt < LOOK_MS) return;
    lookedAt = now();
    try {
      // A connector of its own: sessions of the old identity must not be gone on with.
      if (source.look()) connect = connectorFor(options, source);
    } catch (cause) {
      log.error("certificate_rejected", { reason: messageOf(cause), kept: "the old one" });
    }
  }

  return (target, callback) => {
    renew();
    const { serverName } = tls;
    connect(serverName === undefined ? target : { ...target, servername: serverName }, callback);
  };
}

function connectorFor({ tls, connectMs }: UpstreamTlsOptions, { current }: CertificateSource) {
  return buildConnector({
    ...current,
    rejectUnauthorized: !tls.insecure,
    timeout: connectMs,
    allowH2: false,
  });
}
