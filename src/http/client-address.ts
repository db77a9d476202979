import { BlockList, isIP, isIPv4 } from "node:net";

/**
 * Where a request comes from. What proxies say of it is believed only as far as those that say it are
 * trusted: the addresses are read from the nearest on, and the first that is no trusted proxy's is
 * the client's. Whatever stands before that, anybody may have written.
 */
export interface FromWhere {
  /** The other end of the connection. */
  readonly address: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export type AddressOf = (request: FromWhere) => string | undefined;

const MOST_HOPS = 32;

/** `trusted` are addresses and ranges, as `10.0.0.0/8`. */
export function createAddressOf(trusted: readonly string[]): AddressOf {
  if (trusted.length === 0) return ({ address }) => address && plain(address);
  const proxies = new BlockList();
  for (const range of trusted) {
    const [address = "", bits] = range.split("/");
    const family = isIPv4(address) ? "ipv4" : "ipv6";
    if (bits === undefined) proxies.addAddress(address, family);
    else proxies.addSubnet(address, Number(bits), family);
  }
  const isProxy = (address: string) => proxies.check(address, isIPv4(address) ? "ipv4" : "ipv6");

  return ({ address, headers }) => {
    if (address === undefined) return undefined;
    let client = plain(address);
    if (!isProxy(client)) return client;
    for (const hop of hopsOf(headers).slice(-MOST_HOPS).toReversed()) {
      const next = plain(hop);
      // What is no address ends what can be known.
      if (isIP(next) === 0) return client;
      client = next;
      if (!isProxy(client)) return client;
    }
    return client;
  };
}

/** X-Forwarded-For, or RFC 7239's Forwarded where there is none; the nearest hop last. */
function hopsOf(headers: FromWhere["headers"]): string[] {
  const list = textOf(headers["x-forwarded-for"]);
  if (list !== "") return list.split(",").map((hop) => withoutPort(hop.trim()));
  const forwarded = textOf(headers["forwarded"]);
  if (forwarded === "") return [];
  return forwarded.split(",").map((element) => {
    const name = /(?:^|;)\s*for\s*=\s*("[^"]*"|[^;,\s]*)/i.exec(element.trim())?.[1] ?? "";
    return withoutPort(name.replaceAll('"', ""));
  });
}

function textOf(value: string | string[] | undefined): string {
  return Array.isArray(value) ? value.join(",") : (value ?? "");
}

/** `[2001:db8::1]:80`, `1.2.3.4:80` or an address as it is. */
function withoutPort(text: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(text)?.[1];
  if (bracketed !== undefined) return bracketed;
  return /^\d+\.\d+\.\d+\.\d+:\d+$/.test(text) ? text.slice(0, text.indexOf(":")) : text;
}

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** An IPv4 address that came by way of IPv6 as what it is; no zone. */
function plain(address: string): string {
  const known = MAPPED.exec(address)?.[1];
  if (known !== undefined) return known;
  const zone = address.indexOf("%");
  return zone === -1 ? address : address.slice(0, zone);
}

/** What counts as one client: an IPv4 address, or all IPv6 addresses that begin with the same bits. */
export function clientOf(address: string, ipv6Prefix: number): string {
  if (isIP(address) !== 6) return address;
  const groups = groupsOf(address);
  const kept = groups.map((group, index) => {
    const bits = Math.min(16, Math.max(0, ipv6Prefix - index * 16));
    return (group & (0xffff << (16 - bits)) & 0xffff).toString(16);
  });
  return `${kept.join(":")}/${ipv6Prefix}`;
}

function groupsOf(address: string): number[] {
  const [head = "", tail] = withoutDots(address).split("::");
  const parse = (text: string) =>
    text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
  if (tail === undefined) return parse(head);
  const [start, end] = [parse(head), parse(tail)];
  return [...start, ...Array.from({ length: 8 - start.length - end.length }, () => 0), ...end];
}

/** The last 32 bits may be written as an IPv4 address. */
function withoutDots(address: string): string {
  const dotted = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  if (!dotted) return address;
  const [a = 0, b = 0, c = 0, d = 0] = dotted.slice(1).map(Number);
  const groups = [a * 256 + b, c * 256 + d].map((group) => group.toString(16)).join(":");
  return address.slice(0, dotted.index) + groups;
}

/** The same for a list that may be replaced by another. */
export function followAddressOf(trusted: () => readonly string[]): AddressOf {
  let proxies = trusted();
  let addressOf = createAddressOf(proxies);
  return (request) => {
    const wanted = trusted();
    if (wanted !== proxies) {
      proxies = wanted;
      addressOf = createAddressOf(proxies);
    }
    return addressOf(request);
  };
}
