import { expect, it } from "vitest";
import { clientOf, createAddressOf } from "./client-address.ts";

const TRUSTED = ["10.0.0.0/8", "192.0.2.7", "fd00::/8"];

it.each([
  // connection, X-Forwarded-For, Forwarded, client
  ["203.0.113.9", "1.1.1.1", undefined, "203.0.113.9"],
  ["10.0.0.1", undefined, undefined, "10.0.0.1"],
  ["10.0.0.1", "203.0.113.9", undefined, "203.0.113.9"],
  ["10.0.0.1", "6.6.6.6, 203.0.113.9, 10.2.3.4", undefined, "203.0.113.9"],
  ["10.0.0.1", "10.9.9.9, 192.0.2.7", undefined, "10.9.9.9"],
  ["10.0.0.1", "6.6.6.6, nonsense, 10.2.3.4", undefined, "10.2.3.4"],
  ["10.0.0.1", "203.0.113.9:4711", undefined, "203.0.113.9"],
  ["10.0.0.1", undefined, "for=6.6.6.6, for=203.0.113.9;proto=https", "203.0.113.9"],
  ["10.0.0.1", undefined, 'by=_x;For="[2001:db8::5]:80"', "2001:db8::5"],
  ["10.0.0.1", "203.0.113.9", "for=6.6.6.6", "203.0.113.9"],
  ["10.0.0.1", undefined, "for=unknown", "10.0.0.1"],
  ["::ffff:10.0.0.1", "::ffff:203.0.113.9", undefined, "203.0.113.9"],
  ["fd12::1", "2001:db8::5", undefined, "2001:db8::5"],
  ["fe80::1%eth0", "6.6.6.6", undefined, "fe80::1"],
])("reads %s with %s and %s as %s", (address, list, forwarded, client) => {
  const headers = {
    ...(list !== undefined && { "x-forwarded-for": list }),
    ...(forwarded !== undefined && { forwarded }),
  };
  expect(createAddressOf(TRUSTED)({ address, headers })).toBe(client);
});

it("believes no header where no proxy is trusted", () => {
  const headers = { "x-forwarded-for": "6.6.6.6", forwarded: "for=6.6.6.6" };
  expect(createAddressOf([])({ address: "127.0.0.1", headers })).toBe("127.0.0.1");
});

it("takes IPv6 addresses that begin alike for one client", () => {
  expect(clientOf("2001:db8:1:2:3:4:5:6", 64)).toBe("2001:db8:1:2:0:0:0:0/64");
  expect(clientOf("2001:db8:1:2::9", 64)).toBe(clientOf("2001:db8:1:2:ffff::", 64));
  expect(clientOf("2001:db8:1:3::9", 64)).not.toBe(clientOf("2001:db8:1:2::9", 64));
  expect(clientOf("2001:db8:1ff::1", 40)).toBe("2001:db8:100:0:0:0:0:0/40");
  expect(clientOf("2001:db8:1:2::9", 128)).toBe("2001:db8:1:2:0:0:0:9/128");
  expect(clientOf("64:ff9b::1.2.3.4", 128)).toBe("64:ff9b:0:0:0:0:102:304/128");
  expect(clientOf("203.0.113.9", 64)).toBe("203.0.113.9");
});
