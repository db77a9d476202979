/** What a `data:` URL holds. */
export interface Data {
  /** `image/png`; without parameters. */
  readonly mediaType: string;
  readonly base64: string;
}

/** Takes a base64 `data:` URL apart; undefined for any other URL. */
export function parseDataUrl(url: string): Data | undefined {
  if (!url.startsWith("data:")) return undefined;
  const comma = url.indexOf(",");
  const [mediaType = "", ...parameters] = url.slice("data:".length, comma).split(";");
  if (comma === -1 || parameters.at(-1) !== "base64") return undefined;
  return { mediaType: mediaType.toLowerCase(), base64: url.slice(comma + 1) };
}

/** The text within a base64 `data:` URL of a text. */
export function textOfData({ base64 }: Data): string {
  return Buffer.from(base64, "base64").toString("utf8");
}
