import { NONE, type Rule, UNDECIDED, prefixed, shaped } from "./rule.ts";

const ALNUM = /[A-Za-z0-9]/;
const TOKEN = /[\w-]/;
const BEGIN = "-----BEGIN ";
const MAX_HEADER = 64;

/** Keys and tokens that carry their vendor's prefix: few false alarms, and known at the first bytes. */
export const secretRules: readonly Rule[] = [
  prefixed("anthropic_key", ["sk-ant-"], TOKEN, 20),
  prefixed("openai_key", ["sk-proj-", "sk-svcacct-", "sk-admin-"], TOKEN, 20),
  prefixed("openai_key", ["sk-"], ALNUM, 20),
  prefixed("weir_key", ["wk-"], ALNUM, 32),
  prefixed("aws_access_key", ["AKIA", "ASIA"], /[A-Z0-9]/, 16),
  prefixed("github_token", ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], ALNUM, 30),
  prefixed("github_token", ["github_pat_"], /\w/, 22),
  prefixed("gitlab_token", ["glpat-"], TOKEN, 20),
  prefixed(
    "slack_token",
    ["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxo-", "xapp-"],
    TOKEN,
    10,
  ),
  prefixed("stripe_key", ["sk_live_", "sk_test_", "rk_live_", "rk_test_"], ALNUM, 16),
  prefixed("google_api_key", ["AIza"], TOKEN, 35),
  prefixed("huggingface_token", ["hf_"], ALNUM, 30),
  prefixed("groq_key", ["gsk_"], ALNUM, 40),
  prefixed("npm_token", ["npm_"], ALNUM, 36),
  prefixed("langsmith_key", ["lsv2_pt_", "lsv2_sk_"], /\w/, 32),
  shaped("sendgrid_key", ["SG."], /[\w.-]/, /^SG\.[\w-]{16,}\.[\w-]{16,}/),
  shaped("jwt", ["eyJ"], /[\w.-]/, /^eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/),
  privateKey(),
];

/** A PEM private key, from its first dash to its last; to the end of the text when that is cut off. */
function privateKey(): Rule {
  return {
    name: "secrets.private_key",
    category: "secrets",
    confidence: 0.99,
    starts: [BEGIN],
    match(text, at, isEnd) {
      const header = /^-----BEGIN [A-Z0-9 ]*-----/.exec(text.slice(at, at + MAX_HEADER))?.[0];
      if (header === undefined) {
        return !isEnd && text.length - at < MAX_HEADER ? UNDECIDED : NONE;
      }
      if (!header.includes("PRIVATE KEY")) return NONE;
      const footer = text.indexOf("-----END ", at);
      const close = footer === -1 ? -1 : text.indexOf("-----", footer + 9);
      if (close !== -1) return close + 5;
      return isEnd ? text.length : UNDECIDED;
    },
  };
}
