import { domainToUnicode } from "node:url";

/** What is wrong with the host of a URL; undefined: nothing that one can see. */
export type HostFault = "lookalike_host" | "raw_ip_host" | "shortener" | "catcher_host";

/** Where a click ends is not to be seen from these. */
const SHORTENERS: ReadonlySet<string> = new Set(
  (
    "bit.ly bitly.com tinyurl.com t.co goo.gl is.gd v.gd ow.ly buff.ly rebrand.ly cutt.ly rb.gy t.ly shorturl.at " +
    "tiny.cc lnkd.in s.id bl.ink short.io dub.sh soo.gd qr.ae adf.ly bit.do mcaf.ee su.pr x.co trib.al db.tt " +
    "shorte.st clck.ru u.to tr.im snip.ly hyperurl.co urlz.fr t2m.io 1url.com ouo.io linktr.ee surl.li"
  ).split(" "),
);

/** Anybody gets a name there that writes down what it is asked: what data are sent to. */
const CATCHERS =
  /(?:^|\.)(?:webhook\.site|requestbin\.(?:com|net)|requestcatcher\.com|hookbin\.com|beeceptor\.com|pipedream\.net|burpcollaborator\.net|oastify\.com|oast\.(?:fun|live|me|online|pro|site)|interact\.sh|dnslog\.cn|ceye\.io|canarytokens\.com|ngrok\.io|ngrok\.app|ngrok-free\.(?:app|dev)|trycloudflare\.com|loca\.lt|serveo\.net|smee\.io|typedwebhook\.tools|mockbin\.(?:io|org))$/;

const OWN_NET = /^(?:127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|0\.0\.0\.0$)/;
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;

/** `written` as it stands in the text, `host` as a browser understands it. */
export function faultOf(host: string, written: string): HostFault | undefined {
  if (host.startsWith("[")) return host === "[::1]" ? undefined : "raw_ip_host";
  if (IPV4.test(host)) {
    // 3232235777 and 0x7f.1 are addresses to a browser, and only there to be overlooked.
    return IPV4.test(written) && OWN_NET.test(host) ? undefined : "raw_ip_host";
  }
  if (host.includes("xn--") && isLookalike(domainToUnicode(host))) return "lookalike_host";
  if (SHORTENERS.has(host.startsWith("www.") ? host.slice(4) : host)) return "shortener";
  return CATCHERS.test(host) ? "catcher_host" : undefined;
}

const BEYOND_ASCII = /[^ -~]/;
const LATIN = /\p{Script=Latin}/u;
const OTHER_ALPHABET =
  /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/u;
/** Letters of phonetics and mathematics that look like plain ones. */
const ODD_LATIN = /[\u0250-\u02AF\u1D00-\u1DBF\u2100-\u214F\uA720-\uA7FF]/;
/** Cyrillic and Greek letters that are drawn as Latin ones. */
const DRAWN_AS_LATIN = /^[асеорхуіјѕԁԛԝһӏοανρυικ\d-]+$/;

/** Letters of several alphabets in one part of a name, or only such as look like Latin ones. */
function isLookalike(host: string): boolean {
  return host.split(".").some((label) => {
    if (!BEYOND_ASCII.test(label)) return false;
    if (ODD_LATIN.test(label)) return true;
    return OTHER_ALPHABET.test(label) && (LATIN.test(label) || DRAWN_AS_LATIN.test(label));
  });
}
