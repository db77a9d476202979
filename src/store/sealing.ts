import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { WeirError } from "../core/errors.ts";

/** Keys of 32 bytes by their names; the first one seals, all of them open. */
export type SealingKeys = readonly { readonly name: string; readonly key: Uint8Array }[];

export interface Sealed {
  readonly codec: number;
  readonly body: Uint8Array;
}

/** Codecs: bits. */
const ZSTD = 1;
const AES_256_GCM = 2;
const LEAST_TO_COMPRESS = 200;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** What a block may come to when it is opened: a damaged one must not fill the memory. */
const MOST_BYTES = 1024 * 1024 * 1024;

/** How texts lie on the disk: compressed, and sealed where there is a key. */
export class Sealing {
  private readonly keys: SealingKeys;

  constructor(keys: SealingKeys = []) {
    this.keys = keys;
  }

  get isOn(): boolean {
    return this.keys.length > 0;
  }

  /** What tells equal texts: with a key nobody without it can guess at texts by their hashes. */
  hash(text: string): Uint8Array {
    const secret = this.keys[0]?.key ?? "weir";
    return createHmac("sha256", secret).update(text).digest().subarray(0, 16);
  }

  close(plain: Uint8Array): Sealed {
    const isSmall = plain.length < LEAST_TO_COMPRESS;
    const packed = isSmall
      ? plain
      : zstdCompressSync(plain, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
    const codec = isSmall ? 0 : ZSTD;
    const [first] = this.keys;
    if (!first) return { codec, body: packed };
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", first.key, nonce);
    const sealed = [cipher.update(packed), cipher.final()];
    const name = Buffer.from(first.name);
    const head = Buffer.from([name.length]);
    return {
      codec: codec | AES_256_GCM,
      body: Buffer.concat([head, name, nonce, cipher.getAuthTag(), ...sealed]),
    };
  }

  /** Throws internal, naming the key, where it is sealed by one that is not here. */
  open({ codec, body }: Sealed): Buffer {
    const packed = codec & AES_256_GCM ? this.unseal(body) : body;
    return codec & ZSTD
      ? zstdDecompressSync(packed, { maxOutputLength: MOST_BYTES })
      : Buffer.from(packed.buffer, packed.byteOffset, packed.length);
  }

  private unseal(body: Uint8Array): Buffer {
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
    const nameEnd = 1 + (bytes[0] ?? 0);
    const name = bytes.toString("utf8", 1, nameEnd);
    const key = this.keys.find((known) => known.name === name)?.key;
    if (!key) {
      throw new WeirError(
        "internal",
        `This text is sealed by the key ${name}, which is not in traces.encryption.keys: put it back there to read it.`,
      );
    }
    const nonceEnd = nameEnd + NONCE_BYTES;
    const tagEnd = nonceEnd + TAG_BYTES;
    const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(nameEnd, nonceEnd));
    decipher.setAuthTag(bytes.subarray(nonceEnd, tagEnd));
    return Buffer.concat([decipher.update(bytes.subarray(tagEnd)), decipher.final()]);
  }
}
