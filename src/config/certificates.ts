import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { WeirError, messageOf } from "../core/errors.ts";

/** Names of PEM files, as weir.yaml has them. */
export interface CertificateFiles {
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly ca?: string | undefined;
}

/** What stands in them. */
export interface Certificates {
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
}

/** Certificates that may be renewed while they are in use. */
export interface CertificateSource {
  readonly current: Certificates;
  /** When the certificate that is shown ends, in milliseconds; undefined where none is shown. */
  readonly endsAt: number | undefined;
  /**
   * Looks whether the files have changed: true means that `current` has. Throws invalid_config when
   * what stands there now is of no use; once for each such state, and `current` stays as it was.
   */
  look(): boolean;
}

/** Throws invalid_config with what to do where a file is missing, unsound, or not the other's. */
export function openCertificates(files: CertificateFiles, folder: string): CertificateSource {
  let current = readAll(files, folder);
  check(current, files);
  let seen = textOf(current);
  return {
    get current() {
      return current;
    },
    get endsAt() {
      return current.cert === undefined
        ? undefined
        : Date.parse(new X509Certificate(current.cert).validTo);
    },
    // Texts are compared, not times: a mounted secret changes by its symbolic link.
    look() {
      const next = readAll(files, folder);
      const text = textOf(next);
      if (text === seen) return false;
      seen = text;
      check(next, files);
      current = next;
      return true;
    },
  };
}

function readAll({ cert, key, ca }: CertificateFiles, folder: string): Certificates {
  return {
    ...(cert !== undefined && { cert: read(cert, folder) }),
    ...(key !== undefined && { key: read(key, folder) }),
    ...(ca !== undefined && { ca: read(ca, folder) }),
  };
}

function read(file: string, folder: string): string {
  const path = resolve(folder, file);
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new WeirError(
      "invalid_config",
      `Cannot read ${path}: ${messageOf(cause)}. Check the path, which is relative to weir.yaml, and that this user may read it.`,
      { cause },
    );
  }
}

function check({ cert, key, ca }: Certificates, files: CertificateFiles): void {
  for (const [text, file] of [
    [cert, files.cert],
    [ca, files.ca],
  ]) {
    if (text !== undefined && !isCertificate(text)) throw unsound(file, "holds no certificate");
  }
  try {
    process.getBuiltinModule("node:tls").createSecureContext({ cert, key, ca });
  } catch (cause) {
    const isMismatch = messageOf(cause).includes("key values mismatch");
    throw isMismatch
      ? unsound(files.key, `is not the key of ${files.cert}`)
      : unsound(files.key, `and ${files.cert} are of no use (${messageOf(cause)})`);
  }
}

function isCertificate(text: string): boolean {
  try {
    return new X509Certificate(text).validTo !== "";
  } catch {
    return false;
  }
}

function unsound(file: string | undefined, what: string): WeirError {
  return new WeirError(
    "invalid_config",
    `${file} ${what}. Both must be PEM ("-----BEGIN …"), without a passphrase.`,
  );
}

function textOf(certificates: Certificates): string {
  return JSON.stringify(certificates);
}
