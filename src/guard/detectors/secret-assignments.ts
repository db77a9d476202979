import { entropyOf } from "./checksums.ts";
import { type RuleSet, createRuleSet } from "../stream/rule-set.ts";
import type { Pattern } from "./pattern.ts";
import { secretRules } from "./secrets.ts";

/** Whose keys have no mark of their own: their name stands before them. */
const MAKERS =
  "adafruit|adobe|airtable|algolia|alibaba|asana|atlassian|azure|beamer|bitbucket|bittrex|cisco|meraki|cloudflare|codecov|" +
  "cohere|coinbase|confluen(?:ce|t)|contentful|datadog|discord|drone(?:ci)?|dropbox|etsy|facebook|fastly|finicity|finnhub|" +
  "flickr|freshbooks|gitter|heroku|hubspot|intercom|jfrog|artifactory|bintray|xray|jira|kraken|kucoin|launchdarkly|linear|linked[_-]?in|looker|" +
  "mailchimp|mailgun|mattermost|message[_-]?bird|netlify|new-?_?relic|nytimes|new[ _-]?york[ _-]?times|okta|plaid|private[_-]?ai|rapidapi|" +
  "sendbird|sentry|shippo|sidekiq|slack|snyk|square(?:space|up)?|sumo(?:c|logic)?|travis(?:ci)?|twitch|twitter|yandex|zendesk|stripe|" +
  "openai|anthropic|mistral|aws|gcp|google|github|gitlab|docker|npm|vercel|supabase|sendgrid|twilio|telegram|bundle_(?:enterprise|gems)__contribsys__com";
const WORDS =
  "pass(?:word|wd|phrase|code)?|pwd|secret|token|api|credentials?|creds?|api[_ -]?key|access[_ -]?key|auth(?:orization)?[_ -]?(?:key|token)|" +
  "private[_ -]?key|client[_ -]?(?:id|secret)|license[_ -]?key|encryption[_ -]?key|signing[_ -]?key|account[_ -]?key|session[_ -]?(?:id|key)|bearer|key";
/** As in `userPassword`. */
const CAPITALISED = "Pass(?:word|wd|phrase|code)?|Pwd|Secret|Token|Credentials?|Api|Auth|Key";
const BETWEEN = String.raw`[\w.-]*[ \t]{0,2}[\s"'\\]{0,3}(?:(?:=|>|:{1,3}=|\|\||:{1,2}|=>|\?=)[\x60'"\s=\\]{0,6}|,[\x60'"=\\]{1,6})`;
const FIRST = String.raw`[\w+/=.~:@!%#&*?]`;
const VALUE = String.raw`${FIRST}[\w+/=.~:@!%#&*?^-]{7,}`;
/** What was written to a name may be written to another: `key: stripe => …`. */
const CHAINED = String.raw`(?:[\s"'\\]{0,3}(?:>|:{1,3}=|\|\||=|\?=)[\x60'"\s=\\>]{0,6}${VALUE})?`;

/**
 * A name that says secret, a sign, and a value that is none of a language's words. `name = value`, as in
 * code, settings and JSON; what is taken out is the value.
 */
function assignment(name: string, words: string, more: Partial<Pattern> = {}): Pattern {
  return {
    name: `secrets.${name}`,
    category: "secrets",
    confidence: 0.8,
    shape: String.raw`(?:[\w.-]*[_.-])?(?:${words})${BETWEEN}${VALUE}${CHAINED}`,
    ignoreCase: true,
    isWholeToken: true,
    isReal: (match) => isRandom(lastOf(valueOf(match)), name === "vendor_key"),
    part: (match) => [match.length - valueOf(match).length, match.length],
    nameOf: (match) => makerOf(lastOf(valueOf(match))),
    ...more,
  };
}

const IN_NAME = /[\w. \t-]/;
const IN_SIGN = /[\s"'\\`=|>:?,]/;

/** What stands behind the first sign that parts names from values. */
function valueOf(match: string): string {
  let at = 0;
  while (IN_NAME.test(match.charAt(at))) at += 1;
  while (IN_SIGN.test(match.charAt(at))) at += 1;
  return match.slice(at);
}

/** The last of values that were written one to the other. */
function lastOf(value: string): string {
  return value.split(/["'`\s>|]+[=>:?|]*["'`\s]*|\?=/).at(-1) ?? "";
}

let makers: RuleSet | undefined;

/** A maker's own pattern has the better name for a key. */
function makerOf(value: string): string | undefined {
  makers ??= createRuleSet(secretRules);
  const [first] = makers.look(value, true).findings;
  return first?.start === 0 ? first.detector : undefined;
}

const COMMON =
  /^(?:true|false|null|none|undefined|required|optional|string|number|boolean|example|changeme|placeholder)/i;

/** A value that somebody made at random: letters and digits mixed, few of them alike. */
function isRandom(value: string, mayBeDigits = false): boolean {
  if (value.length < 8 || COMMON.test(value)) return false;
  if (/^(?:https?:|file:|\/|\.\/|\$\{?|process\.|os\.|env\.)/.test(value)) return false;
  if (mayBeDigits && /^\d{15,}$/.test(value)) return true;
  const digits = value.replaceAll(/\D/g, "").length;
  const kinds = [/[a-z]/, /[A-Z]/, /[!@#%&*?^+=]/].filter((kind) => kind.test(value)).length;
  // A name, a path, a version of something: words with a number at their end.
  if (/^(?:[a-z]+[-_./])*[A-Za-z]{3,}[-_.]?v?\d{0,2}(?:\.[a-z]{1,4})?$/.test(value)) return false;
  if (digits === 0) return kinds === 3;
  if (digits === 1) return value.length >= 16 && entropyOf(value) >= 3.5 && !/[a-z]{5}/.test(value);
  // Of its beginning: else a long value that repeats itself would be real in part, and be cut in two.
  return kinds > 0 && entropyOf(value.slice(0, 24)) >= (value.length < 16 ? 2.5 : 3);
}

export const secretAssignments: readonly Pattern[] = [
  assignment("vendor_key", MAKERS, { confidence: 0.85 }),
  assignment("assigned", WORDS),
  assignment("assigned", "", {
    shape: String.raw`[\w.-]*[a-z0-9](?:${CAPITALISED})${BETWEEN}${VALUE}${CHAINED}`,
    ignoreCase: false,
  }),
  {
    name: "secrets.url_password",
    category: "secrets",
    confidence: 0.85,
    shape: String.raw`\b[a-z][a-z0-9+.-]{1,20}://[^\s:@/"'<>]{1,64}:[^\s:@/"'<>]{3,64}@`,
    part: (match) => [match.lastIndexOf(":") + 1, match.length - 1],
  },
  {
    name: "secrets.bearer_token",
    category: "secrets",
    confidence: 0.8,
    shape: String.raw`\b(?:bearer|basic) \w[\w+/=.~-]{15,}${CHAINED}`,
    ignoreCase: true,
    isReal: (match) => isRandom(lastOf(match.slice(match.indexOf(" ") + 1))),
    part: (match) => [match.indexOf(" ") + 1, match.length],
    nameOf: (match) => makerOf(lastOf(match.slice(match.indexOf(" ") + 1))),
  },
];
