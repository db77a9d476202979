import { createHash } from "node:crypto";

/** Any fixed UUID does: this one stands before the names of projects. */
const NAMESPACE = Buffer.from("6f1c1e0a4b7d5c2e9a3f0d8b7e615243", "hex");

/** The id of a project that nobody made by hand: the same for every process (RFC 9562, version 5). */
export function projectIdOf(tenantId: string, name: string): string {
  const hash = createHash("sha1").update(NAMESPACE).update(`${tenantId}\0${name}`).digest();
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = hash.toString("hex", 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
