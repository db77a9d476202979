import { type CertificateSource, openCertificates } from "../config/certificates.ts";
import type { ListenerTls } from "../config/listener.ts";
import type { Settings } from "../config/settings.ts";
import { messageOf } from "../core/errors.ts";
import type { LaneServer, ListenerOptions } from "../http/lane-server.ts";
import type { TlsIdentity } from "../http/tls-front.ts";
import type { CallHouse } from "./house.ts";

/** The listener's limits, as the configuration of the moment has them. */
export function listenerOptions(house: CallHouse, tls: TlsIdentity | undefined): ListenerOptions {
  const server = () => house.live.config.server;
  return {
    tls,
    headerMs: () => server().headerTimeout,
    bodyTimes: { totalMs: () => server().bodyTimeout, idleMs: () => server().bodyIdleTimeout },
    slowReaderMs: () => server().slowReader,
    maxRequestsPerConnection: () => server().maxRequestsPerConnection,
    isLeaving: () => house.operations.isLeaving,
    accessLog: house.operations.accessLog,
    rejected: (code) => house.rejections.set(code, (house.rejections.get(code) ?? 0) + 1),
    log: house.log.part("http"),
  };
}

/** The listener's certificate, and how it is kept up to date. */
export interface ListenerCertificate {
  readonly identity: TlsIdentity | undefined;
  /** Shows this server's clients whatever the files hold from now on; gives what ends that. */
  follow(server: LaneServer): () => void;
}

/** Before anything is started: throws what `openListenerCertificate` would. */
export function checkListenerCertificate({ config, folder }: Settings): void {
  const { tls } = config.server;
  if (tls) openCertificates(filesOf(tls), folder);
}

const filesOf = ({ cert, key, clientCa }: ListenerTls) => ({ cert, key, ca: clientCa });

const LOOK_MS = 1000;

/** Throws invalid_config with what to do where the files of `server.tls` are of no use. */
export function openListenerCertificate(house: CallHouse): ListenerCertificate {
  const { log, settings } = house;
  const open = (tls: ListenerTls) => openCertificates(filesOf(tls), settings.folder);
  let config = house.live.config.server.tls;
  let source = config && open(config);
  if (source) warnOfEnd(source, house);

  /** True when clients are to be shown something new. */
  function hasChanged(): boolean {
    const wanted = house.live.config.server.tls;
    // Whether it speaks TLS at all stays until a restart: the CLI says so.
    if (!wanted || !source) return false;
    if (wanted === config) return source.look();
    config = wanted;
    source = open(wanted);
    return true;
  }

  return {
    identity: config && source && identityOf(config, source),
    follow(server) {
      const timer = setInterval(() => {
        try {
          if (!hasChanged() || !config || !source) return;
          server.useTls(identityOf(config, source));
          log.info("certificate_applied", { endsAt: endOf(source) });
          warnOfEnd(source, house);
        } catch (cause) {
          log.error("certificate_rejected", { reason: messageOf(cause), kept: "the old one" });
        }
      }, LOOK_MS).unref();
      return () => clearInterval(timer);
    },
  };
}

function identityOf({ clientCerts, minVersion }: ListenerTls, source: CertificateSource) {
  return { ...source.current, clientCerts, minVersion };
}

function endOf({ endsAt }: CertificateSource): string {
  return endsAt === undefined ? "" : new Date(endsAt).toISOString();
}

const SOON_MS = 7 * 86_400_000;

function warnOfEnd(source: CertificateSource, { log }: CallHouse): void {
  const { endsAt = Infinity } = source;
  if (endsAt < Date.now()) log.error("certificate_expired", { endsAt: endOf(source) });
  else if (endsAt < Date.now() + SOON_MS)
    log.warn("certificate_ends_soon", { endsAt: endOf(source) });
}
