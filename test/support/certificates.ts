import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

export interface IssuedPair {
  /** Paths of PEM files. */
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority of the test's own, made by openssl. */
export interface Authority extends IssuedPair {
  /** For 127.0.0.1 and localhost; `days` may be negative: a certificate that has ended. */
  issue(name: string, days?: number): IssuedPair;
}

export function createAuthority(folder: string, name: string): Authority {
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
  openssl(
    "req",
    "-x509",
    ...NEW_KEY,
    "-keyout",
    key,
    "-out",
    cert,
    "-days",
    "2",
    "-subj",
    `/CN=${name}`,
  );
  return {
    cert,
    key,
    issue(pair, days = 1) {
      const [pairKey, request, pairCert] = ["key", "csr", "pem"].map((end) =>
        join(folder, `${name}-${pair}.${end}`),
      ) as [string, string, string]; // three in, three out
      const extensions = join(folder, "extensions.cnf");
      writeFileSync(extensions, "subjectAltName=IP:127.0.0.1,DNS:localhost\n");
      openssl("req", ...NEW_KEY, "-keyout", pairKey, "-out", request, "-subj", `/CN=${pair}`);
      const signed = ["-CA", cert, "-CAkey", key, "-CAcreateserial", "-days", String(days)];
      openssl("x509", "-req", "-in", request, "-out", pairCert, "-extfile", extensions, ...signed);
      return { cert: pairCert, key: pairKey };
    },
  };
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

function openssl(...args: readonly string[]): void {
  execFileSync("openssl", args, { stdio: "pipe" });
}
