import type { Pattern } from "./pattern.ts";

/**
 * Keys and tokens that carry their maker's mark: few false alarms, and known at the first bytes. A line is
 * a name and a shape; `@` stands for letters and digits, `#` for hex digits, `~` for `[\w-]`.
 */
const VENDORS = String.raw`
adafruit_key aio_@{28}
age_key AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}
airtable_token pat@{14}\.#{64}
alibaba_key LTAI@{12,24}
anthropic_key sk-ant-~{20,}
artifactory_key AKC[\w]{10,}
artifactory_token cmVmd@{40,}
asana_token [01]/\d{16}(?:/\d{16})?:#{32}
atlassian_token ATATT3[\w=-]{60,}
authress_key (?:sc|ext|scauth|authress)_@{5,30}\.@{4,6}\.(?:acc[_-])@{10,32}\.[\w+/=-]{30,120}
aws_key (?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}
aws_bedrock_key ABSK[A-Za-z0-9+/]{60,}={0,2}
aws_bedrock_key bedrock-api-key-[A-Za-z0-9+/=-]{10,}
azure_secret [\w~.]*\dQ~[\w~.-]{31,34}
cerebras_key csk-@{40,}
clickhouse_key 4b1d@{38}
clojars_token CLOJARS_@{60}
cloudflare_origin_key v1\.0-#{24}-#{146}
cloudflare_token (?:cfut|cfat|cfk)_[\w-]{40,}
databricks_token dapi#{32}(?:-\d)?
datadog_key dd(?:api|app|p|oat)_@{30,}
deepseek_key sk-#{32}
defined_networking_token dnkey-~{26}-~{52}
digitalocean_token do[oprs]_v1_#{64}
discord_token [MNO][\w-]*\.[\w-]{6,7}\.[\w-]{27,40}
docker_token dckr_(?:pat|oat)_~{27,32}
doppler_token dp\.(?:pt|st|ct|sa|scim|audit)\.@{40,44}
dropbox_token sl\.[\w=-]{60,}
duffel_token duffel_(?:test|live)_[\w=-]{43}
dynatrace_token dt0[a-z]\d{2}\.[A-Za-z0-9]{24}\.@{64}
easypost_key EZ[AT]K@{54}
facebook_token EAA[MC]@{20,}
flutterwave_key FLW(?:SEC|PUB)K(?:_TEST|_LIVE)?-[\w]{12,64}(?:-X)?
flyio_token (?:fo1_~{43}|fm[12][ar]?_[A-Za-z0-9+/]{60,}={0,3})
frameio_token fio-u-[\w=-]{64}
freemius_key sk_[^\s"'\x60<>]{29}
github_token gh[pousr]_@{30,}
github_token github_pat_\w{22,}
gitlab_token gl(?:pat|cbt|dt|ffct|ft|imt|agent|oas|rt|soat|rtr)-[\w.=-]{16,}
gitlab_token glptt-#{40}
gitlab_token GR1348941~{20}
gitlab_session _gitlab_session=@{32}
gocardless_token live_[\w=-]{40}
google_api_key AIza~{35}
google_oauth_secret GOCSPX-~{28}
google_oauth_token ya29\.~{30,}
grafana_token eyJrIjoi[A-Za-z0-9+/=]{40,}
grafana_token glc_[A-Za-z0-9+/]{32,}={0,3}
grafana_token glsa_@{32}_#{8}
groq_key gsk_@{40,}
harness_key (?:pat|sat)\.~{22}\.[\w.]{24}\.@{20}
hashicorp_token [\w.-]*\.atlasv1\.[\w=-]{60,70}
heroku_key HRKU-[\w-]{36,}
hetzner_token hcloud_@{60,}
huggingface_token (?:hf_|api_org_)@{30,}
infracost_token ico-@{32}
intra42_secret s-s4t2(?:ud|af)-#{64}
jwt ey[A-Za-z0-9\\/_-]{10,}\.ey[A-Za-z0-9\\/_-]{10,}\.(?:[A-Za-z0-9\\/_-]{10,}={0,2})?
jwt ey@{17,}\.ey[A-Za-z0-9\\/_-]{17,}\.[A-Za-z0-9\\/_-]{0,200}={0,2}
jwt_base64 ZXlK[\w\\/+-]{60,}={0,2}
langfuse_key (?:sk|pk)-lf-#{8}-#{4}-#{4}-#{4}-#{12}
langsmith_key lsv2_(?:pt|sk)_\w{32,}
linear_key lin_(?:api|oauth)_@{32,64}
lob_key (?:live|test)_(?:pub_#{31}|#{35})
mailchimp_key [0-9a-f]*-us\d{1,2}
mailgun_key (?:key|pubkey)-#{32}
mailgun_key [a-h0-9]*-[a-h0-9]{8}-[a-h0-9]{8}
mapbox_token [ps]k\.@{60}\.@{22}
maxmind_key [\w.-]*_mmk
microsoft_teams_webhook https://@{1,40}\.webhook\.office\.com/webhookb2/[\w@/-]{60,}
mistral_key mst_@{30,}
new_relic_key NR(?:AK-@{27}|JS-#{19}|II-[\w-]{32})
notion_token (?:ntn_\d{11}@{35}|secret_@{43})
npm_token npm_@{36}
nvidia_key nvapi-~{60,}
octopus_key API-[A-Z0-9]{26}
okta_token 00[\w=-]{40}
onepassword_key A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-(?:[A-Z0-9]{5}-){2}[A-Z0-9]{5}
onepassword_token ops_eyJ[A-Za-z0-9+/]{60,}={0,3}
openai_key sk-(?:proj|svcacct|admin)-~{20,}
openai_key sk-@{20,}
openrouter_key sk-or-(?:v1-)?@{32,}
openshift_token sha256~[\w-]{43}
perplexity_key pplx-@{40,}
plaid_token access-(?:sandbox|development|production)-#{8}-#{4}-#{4}-#{4}-#{12}
planetscale_token pscale_(?:tkn|oauth|pw)_[\w=.-]{32,64}
postman_key PMAK-#{24}-#{34}
prefect_token pnu_@{36}
pulumi_token pul-#{40}
pypi_token pypi-AgEIcHlwaS5vcmc[\w-]{40,}
readme_token rdme_@{60,}
replicate_token r8_@{36,}
rubygems_key rubygems_#{48}
scalingo_token tk-us-~{48}
sendgrid_key SG\.[\w=.-]{16,}\.[\w=-]{16,}
sendgrid_key SG\.[\w=.-]{50,}
sendinblue_key xkeysib-#{64}-@{16}
sentry_token sntrys_eyJ[A-Za-z0-9+/=_]{40,}
sentry_token sntryu_#{64}
settlemint_token sm_(?:aat|pat|sat)_@{16}
shippo_token shippo_(?:live|test)_#{40}
shopify_token shp(?:at|ca|pa|ss)_#{32}
sidekiq_url https?://#{8}:#{8}@[\w.^-]{4,80}
slack_token (?:xox[abeoprs]|xapp)[.-][\w.-]{10,}
slack_token xoxe(?:\.|[^\s\w])xox[bp]-\d-[A-Z0-9]{100,}
slack_webhook https://hooks[^\s\w]slack[^\s]com/(?:services|workflows|triggers)/[\w+/]{40,60}
sourcegraph_token sgp_(?:#{16}_|local_)?#{40}
square_token (?:EAAA|sq0[a-z]{3}-)[\w-]{22,60}
stripe_key [sr]k_(?:live|test|prod)_@{10,}
supabase_key sb[ps]_(?:secret_)?@{20,}
tailscale_key tskey-[a-z]{2,12}-@{8,}(?:-@{8,})?
telegram_token \d{5,16}:A[\w-]{34}
together_key tgp_v1_~{40,}
twilio_key SK#{32}
twitter_token A{20,30}[\w%]{60,}
typeform_token tfp_[\w.=-]{50,}
vault_token hv[bs]\.[\w-]{24,}
vault_token s\.@{24}
vercel_token vc[apkst]_@{24,}
voyage_key pa-~{40,}
weir_key wk-@{32,}
xai_key xai-@{60,}
yandex_token t1\.[A-Z0-9a-z_-]+={0,2}\.[A-Z0-9a-z_-]{86}={0,2}
yandex_key AQVN~{35,38}
yandex_aws_key YC[\w-]{38}
`;

function toPattern(line: string): Pattern {
  const gap = line.indexOf(" ");
  const shape = line
    .slice(gap + 1)
    .replaceAll("@{", "[A-Za-z0-9]{")
    .replaceAll("#{", "[0-9A-Fa-f]{")
    .replaceAll(/(?<!\\w)~\{/g, String.raw`[\w-]{`);
  return {
    name: `secrets.${line.slice(0, gap)}`,
    category: "secrets",
    confidence: 0.97,
    shape: String.raw`\b${shape}`,
    // Those whose mark is not at their beginning would be tried at each part of a long token.
    isWholeToken: shape.startsWith(String.raw`[\w`),
    isReal: hasVariety,
  };
}

/** Shorter than this no maker's keys are; those whose mark is at their end have a loose beginning. */
const LEAST_LENGTH = 18;

/** Placeholders as `sk-xxxxxxxxxxxxxxxxxxxxxxxx` are no secrets. */
function hasVariety(match: string): boolean {
  return match.length >= LEAST_LENGTH && new Set(match).size >= 5;
}

/** A PEM private key, from its first dash to its last; to the end of the text when that is cut off. */
const privateKey: Pattern = {
  name: "secrets.private_key",
  category: "secrets",
  confidence: 0.99,
  shape: "-----BEGIN[ A-Z0-9_-]{0,100}PRIVATE KEY(?: BLOCK)?-----",
  ignoreCase: true,
  until: /-----END[ A-Za-z0-9_-]{0,100}-----/,
};

export const secretRules: readonly Pattern[] = [
  ...VENDORS.trim().split("\n").map(toPattern),
  privateKey,
];
