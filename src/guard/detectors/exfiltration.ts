import { type HostFault, faultOf } from "./hosts.ts";
import type { Pattern } from "./pattern.ts";
import { carriesAnything, carriesEncoded } from "./url-payload.ts";

export interface ExfiltrationOptions {
  /**
   * Hosts that answers may point to: `example.com`, or `*.example.com` for all below it. Where given, an
   * image, a link or a form to any other is found; else only those with something suspicious about them.
   */
  readonly allowedHosts?: readonly string[];
}

/** How a URL is come by: what a reader's program loads by itself is worse than what waits for a click. */
type Use = "loaded" | "clicked";

const URL_CHAR = String.raw`[^\s"'<>\x60)\]}|]`;
const TARGET = String.raw`[^\s)>]`;
const BARE_URL = String.raw`\bhttps?:[\\/]{1,4}(?:\[[0-9A-Fa-f:.]{2,45}\]|${URL_CHAR})${URL_CHAR}*`;
/** Whose URLs are loaded as soon as they are shown. */
const TAGS =
  "img|image|iframe|frame|embed|object|script|link|video|audio|source|track|input|meta|base|use|portal";
const ATTRIBUTE =
  /(?:src|href|srcset|data|poster|background|content|ping)\s{0,8}=\s{0,8}("[^">]{1,500}|'[^'>]{1,500}|[^\s"'>]{1,500})/gi;
const IN_ATTRIBUTE = /(?:https?:|javascript:|vbscript:|data:|[\\/]{2})[^"'>]{1,500}/i;
/** A picture that is in the text itself is sent to nobody. */
const OWN_PICTURE = /^data:image\/(?:png|jpe?g|gif|webp|avif|bmp|x-icon)[;,]/i;
const CODE_URL = /^(?:javascript|vbscript):/i;
/** As links have that do nothing. */
const IDLE_CODE = /^javascript:(?:void ?\(?0\)?)?;?$/i;
const DOCUMENT_URL =
  /^data:(?!image\/(?:png|jpe?g|gif|webp|avif|bmp|x-icon)[;,])[a-z]+\/[a-z+.-]+[;,]/i;
/** What a tag may hold before its URL, at the most: more of it is there to be looked past. */
const MOST_HELD = 512;

/**
 * Ways in which an answer, or a document that a model is given, carries data out when it is shown: images
 * and links of markdown and HTML, style sheets' URLs, URLs with encoded text, hosts that hide who they
 * are, URLs that are code, escape sequences of terminals, characters nobody sees. Of a URL in something
 * else only the URL is a finding, so that its text stays. Any language. Patterns of the stream's
 * automaton: one table look-up a character; a URL is parsed when it is complete, in about 2 µs.
 */
export function createExfiltration({ allowedHosts }: ExfiltrationOptions = {}): readonly Pattern[] {
  const judge = createJudge(allowedHosts);
  const patterns = [
    ...linkPatterns(judge),
    ...(allowedHosts ? [bareHost(judge)] : []),
    ...markupPatterns(judge),
    ...hostPatterns(judge),
    ...terminalPatterns,
    ...hiddenText,
  ];
  return allowedHosts ? patterns.map(sure) : patterns;
}

/** A URL is on a list or it is not. */
function sure(pattern: Pattern): Pattern {
  const isOfUrl = /\.(?:image|link|url|markup|style_url)$/.test(pattern.name);
  return isOfUrl ? { ...pattern, confidence: LISTED } : pattern;
}

const LISTED = 0.95;

function exfiltration(name: string, confidence: number) {
  return { name: `exfiltration.${name}`, category: "exfiltration", confidence } as const;
}

function linkPatterns(judge: Judge): Pattern[] {
  return [
    {
      ...exfiltration("image", 0.9),
      shape: String.raw`!\[[^\]\n]{0,200}\]\([ \t]{0,4}<?${TARGET}+`,
      isGreedy: true,
      isReal: (match) => judge.isBad(match.slice(targetAt(match)), "loaded"),
      part: (match) => [targetAt(match), match.length],
    },
    {
      // Those to other hosts are URLs, below.
      ...exfiltration("link", 0.8),
      shape: String.raw`\]\([ \t]{0,4}<?(?:(?:javascript|vbscript|data):|[\\/]{2})${TARGET}+`,
      ignoreCase: true,
      isGreedy: true,
      isReal: (match) => judge.isBad(match.slice(targetAt(match)), "clicked"),
      part: (match) => [targetAt(match), match.length],
    },
    {
      // Also what a `[name]: URL` below a text points to.
      ...exfiltration("url", 0.7),
      shape: BARE_URL,
      ignoreCase: true,
      isGreedy: true,
      isReal: (match) => judge.isBad(match, "clicked"),
    },
    {
      ...exfiltration("data_url", 0.8),
      shape: String.raw`\bdata:(?:text/html|text/javascript|application/(?:javascript|xhtml\+xml)|image/svg\+xml)[;,]${URL_CHAR}{8,}`,
      ignoreCase: true,
    },
  ];
}

/** What is shown as a link without having a scheme. */
function bareHost(judge: Judge): Pattern {
  return {
    ...exfiltration("url", 0.7),
    shape: String.raw`\bwww\.${URL_CHAR}+`,
    ignoreCase: true,
    isGreedy: true,
    isReal: (match) => judge.isBad(`https://${match}`, "clicked"),
  };
}

/** Where a target begins in `[text](target`. */
function targetAt(match: string): number {
  let at = match.lastIndexOf("](") + 2;
  while (" \t<".includes(match.charAt(at))) at += 1;
  return at;
}

function hostPatterns(judge: Judge): Pattern[] {
  const faults: [HostFault, number][] = [
    ["lookalike_host", 0.9],
    ["raw_ip_host", 0.7],
    ["shortener", 0.5],
    ["catcher_host", 0.85],
  ];
  return faults.map(([fault, confidence]) => ({
    ...exfiltration(fault, confidence),
    shape: BARE_URL,
    ignoreCase: true,
    isGreedy: true,
    isReal: (match) => judge.faultOf(match) === fault,
  }));
}

function markupPatterns(judge: Judge): Pattern[] {
  return [
    {
      ...exfiltration("markup", 0.8),
      shape: String.raw`<(?:${TAGS})(?:[\s/][^>]*)?>?`,
      ignoreCase: true,
      isGreedy: true,
      isReal: (match) => badUrlIn(match, judge) !== undefined,
      part: (match) => badUrlIn(match, judge) ?? [0, match.length],
    },
    {
      ...exfiltration("style_url", 0.8),
      shape: String.raw`\b(?:url\(|@import)[ \t]{0,4}["']?(?:https?:)?[\\/]{2}${URL_CHAR}+`,
      ignoreCase: true,
      isGreedy: true,
      isReal: (match) => judge.isBad(match.slice(styleUrlAt(match)), "loaded"),
      part: (match) => [styleUrlAt(match), match.length],
    },
  ];
}

function styleUrlAt(match: string): number {
  return match.search(/https?:|[\\/]{2}/i);
}

/** From the first to the last URL in a tag that should not be there. */
function badUrlIn(tag: string, judge: Judge): readonly [number, number] | undefined {
  let found: [number, number] | undefined;
  let hasUrl = false;
  for (const { 0: whole, 1: value = "", index } of tag.matchAll(ATTRIBUTE)) {
    const url = IN_ATTRIBUTE.exec(value);
    if (!url) continue;
    hasUrl = true;
    if (!judge.isBad(url[0], "loaded")) continue;
    const start = index + whole.length - value.length + url.index;
    found = [found?.[0] ?? start, start + url[0].length];
  }
  if (found || hasUrl || tag.length < MOST_HELD) return found;
  return [0, tag.length];
}

/** ESC and its eight-bit forms. Colours are in every tool's output; the rest moves, hides or links. */
const terminalPatterns: readonly Pattern[] = [
  {
    ...exfiltration("terminal_colour", 0.3),
    shape: String.raw`(?:\x1b\[|\x9b)[0-9;:]{0,32}m`,
  },
  {
    ...exfiltration("terminal_control", 0.8),
    shape: String.raw`(?:\x1b\[|\x9b)[0-?]{0,32}[ -/]{0,8}[@-ln-~]`,
  },
  { ...exfiltration("terminal_control", 0.7), shape: String.raw`\x1b[ -/]{0,4}[0-OQ-WYZ\x60-~]` },
  {
    // Links (OSC 8), the clipboard (OSC 52), titles: up to their end.
    ...exfiltration("terminal_command", 0.9),
    shape: String.raw`\x1b[\]PX^_]|[\x90\x98\x9d-\x9f]`,
    // eslint-disable-next-line no-control-regex
    until: /[\u0007\u009c]|\u001b\\|(?=\n)/,
  },
];

/** Text in characters that are not drawn; the flags of countries' parts have five of them at the most. */
const hiddenText: readonly Pattern[] = [
  { ...exfiltration("hidden_text", 0.85), shape: String.raw`(?:\uDB40[\uDC00-\uDC7F]){8,}` },
  { ...exfiltration("hidden_text", 0.85), shape: String.raw`(?:\uDB40[\uDD00-\uDDEF]){4,}` },
];

interface Judge {
  isBad(url: string, use: Use): boolean;
  faultOf(url: string): HostFault | undefined;
}

/** URLs without a host of their own stay at the application's. */
const NO_HOST = "relative.invalid";

function createJudge(allowedHosts: readonly string[] | undefined): Judge {
  const exact = new Set(allowedHosts?.map((host) => host.toLowerCase()));
  const isAllowed = (host: string) =>
    exact.has(host) ||
    (exact.size > 0 && parentsOf(host).some((parent) => exact.has(`*.${parent}`)));
  const faultIn = (url: URL, written: string) =>
    isAllowed(url.hostname) ? undefined : faultOf(url.hostname, hostIn(written));

  return {
    isBad(text, use) {
      if (OWN_PICTURE.test(text) || IDLE_CODE.test(text)) return false;
      if (CODE_URL.test(text) || DOCUMENT_URL.test(text)) return true;
      const url = parse(text);
      if (!url || url.hostname === NO_HOST || isAllowed(url.hostname)) return false;
      if (allowedHosts) return true;
      if (use === "clicked") return carriesEncoded(url);
      return carriesAnything(url) || faultIn(url, text) !== undefined;
    },
    faultOf(text) {
      const url = parse(text);
      return url && faultIn(url, text);
    },
  };
}

const TRAILING = /[.,;:!?*_]{1,8}$/;

function parse(text: string): URL | undefined {
  if (latest?.text === text) return latest.url;
  const url = URL.parse(text.replace(TRAILING, ""), `https://${NO_HOST}/`);
  const isWeb = url && /^(?:https?|ftp|wss?):$/.test(url.protocol);
  latest = { text, url: isWeb ? url : undefined };
  return latest.url;
}

/** Several patterns ask about one URL in turn. */
let latest: { readonly text: string; readonly url: URL | undefined } | undefined;

function hostIn(text: string): string {
  return /^\w{2,5}:[\\/]{1,4}(?:[^@\\/?#]{0,200}@)?([^:\\/?#]{0,255})/.exec(text)?.[1] ?? "";
}

/** `b.c` and `c` of `a.b.c`. */
function parentsOf(host: string): string[] {
  const labels = host.split(".");
  return labels.slice(1).map((_, index) => labels.slice(index + 1).join("."));
}
