import { lookup } from "node:dns";
import { BlockList, type LookupFunction, isIP } from "node:net";
import { Agent, buildConnector, fetch as ask } from "undici";
import { WeirError } from "../../core/errors.ts";

/** Ranges that belong to this machine or its own network, or to nobody. */
const PRIVATE = new BlockList();
for (const [network, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
] as const) {
  PRIVATE.addSubnet(network, bits, "ipv4");
}
/** Of IPv6 only what is given out at all is public; in it, what leads to IPv4 addresses and examples are not. */
const GIVEN_OUT = new BlockList();
GIVEN_OUT.addSubnet("2000::", 3, "ipv6");
for (const [network, bits] of [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const) {
  PRIVATE.addSubnet(network, bits, "ipv6");
}

/** Whether an address leads out into the world, and not to this machine or the network that it stands in. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return isPublicAddress(mapped);
  if (family === 4) return !PRIVATE.check(address, "ipv4");
  return GIVEN_OUT.check(address, "ipv6") && !PRIVATE.check(address, "ipv6");
}

export interface PublicFetch {
  readonly fetch: typeof fetch;
  close(): Promise<void>;
}

/**
 * A `fetch` for addresses that people hand in: it reaches public addresses by https, and the hosts of `allowed`. Each
 * redirect is judged anew, and by the address that is connected to: a name that resolves otherwise the second time
 * leads nowhere else.
 */
export function createPublicFetch(allowed: () => readonly string[]): PublicFetch {
  const isAllowed = (host: string) => allowed().includes(host.replaceAll(/^\[|\]$/g, ""));
  const plain = buildConnector({});
  const guarded = buildConnector({ lookup: publicLookup });
  const dispatcher = new Agent({
    connect(options, callback) {
      const { hostname, protocol } = options;
      if (isAllowed(hostname)) {
        plain(options, callback);
        return;
      }
      const host = hostname.replaceAll(/^\[|\]$/g, "");
      if (protocol !== "https:") callback(refusal(host, "is asked without TLS"), null);
      else if (isIP(host) !== 0 && !isPublicAddress(host)) {
        callback(refusal(host, "is a private address"), null);
      } else guarded(options, callback);
    },
  });
  return {
    fetch: (async (url: string | URL, init: RequestInit = {}) => {
      try {
        return await ask(url, { ...init, dispatcher });
      } catch (cause) {
        throw reasonOf(cause);
      }
      // undici's own `fetch` is the one that Node has built in, in another release.
    }) as unknown as typeof fetch,
    close: () => dispatcher.close(),
  };
}

const publicLookup: LookupFunction = (host, options, callback) => {
  lookup(host, { ...options, all: true }, (error, addresses) => {
    if (error) {
      callback(error, "");
      return;
    }
    const [first] = addresses;
    const strays = addresses.some(({ address }) => !isPublicAddress(address));
    if (!first || strays) callback(refusal(host, "leads to a private address"), "");
    else if (options.all) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

function refusal(host: string, what: string): WeirError {
  return new WeirError(
    "forbidden",
    `${host} ${what}: nothing is pulled from there. Who runs this server may allow it with library.allowedHosts in weir.yaml.`,
    { param: "source" },
  );
}

/** `fetch` says only that it failed; what it failed of stands behind it. */
function reasonOf(cause: unknown): unknown {
  return cause instanceof TypeError && cause.cause instanceof Error ? cause.cause : cause;
}
