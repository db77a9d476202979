/** What OpenAI's moderation endpoint tells apart, in its order. */
export const HARM_CATEGORIES = [
  "harassment",
  "harassment/threatening",
  "hate",
  "hate/threatening",
  "illicit",
  "illicit/violent",
  "self-harm",
  "self-harm/intent",
  "self-harm/instructions",
  "sexual",
  "sexual/minors",
  "violence",
  "violence/graphic",
] as const;
export type HarmCategory = (typeof HARM_CATEGORIES)[number];

/** A turn of phrase that stands for a category. English. Each part is found by itself, so that time is linear. */
export interface HarmRule {
  readonly category: HarmCategory;
  /** One of these is in every match: a search for a literal is far cheaper than the pattern. */
  readonly anchors: readonly string[];
  /** They follow one another in this order, each at most so many characters behind the one before. */
  readonly parts: readonly RegExp[];
  readonly gap: number;
  readonly confidence: number;
}

const WAYS =
  "(?:how (?:do|can|could|would|should|to|does one|might)|ways? (?:to|of)|steps? (?:to|for)|instructions? (?:to|for|on)|guide (?:to|for|on)|methods? (?:to|of|for)|tell me|teach me|show me|explain|help me|recipe for|best way|tips (?:for|on|to)|techniques (?:for|to))";
const GROUPS =
  "(?:jews?|jewish people|muslims?|islam|christians?|hindus?|immigrants?|refugees?|blacks|black people|white people|whites|asians?|latinos?|mexicans?|africans?|arabs?|gypsies|roma|gays?|gay people|lesbians?|homosexuals?|trans(?:gender)? people|transgenders?|women|disabled people|foreigners|minorities|minority groups?|indigenous people|chinese people|indians)";
const CHILD =
  "(?:child|children|minors?|kids?|underage|preteens?|teen(?:age)?(?: girls?| boys?)?|schoolgirls?|schoolboys?|little (?:girls?|boys?)|toddlers?|1[0-7][ -]year[ -]old|\\b[1-9][ -]year[ -]old)";
const SEXUAL =
  "(?:sex|sexual(?:ly)?|sexy|porn(?:ography|ographic)?|nudes?|naked|erotic(?:a)?|masturbat(?:e|es|ing|ion)|orgasms?|blow ?jobs?|intercourse|fetish(?:es)?|genitals?|penis|vagina|horny|incest|bdsm|xxx|hentai|prostitut(?:e|es|ion)|strip(?:per|tease)|rape fantas(?:y|ies))";
const SUICIDE =
  "(?:suicide|kill (?:my|your|him|her|one)self|end (?:my|your|his|her|it all)(?: own)? ?life|take (?:my|your) own life|self[- ]?harm|self[- ]injury|cut(?:ting)? (?:my|your)self|hurt(?:ing)? (?:my|your)self|overdose|hang (?:my|your)self|starv(?:e|ing) (?:my|your)self|anorexi[ac]|bulimi[ac])";
const WEAPONS =
  "(?:bombs?|explosives?|pipe bomb|molotov|grenades?|nerve agent|nerve gas|sarin|ricin|anthrax|bioweapons?|chemical weapons?|biological weapons?|dirty bomb|napalm|silencer|ghost gun|untraceable (?:gun|weapon)|homemade (?:gun|weapon|firearm)|weapons?|landmines?|ied)";
const CRIMES =
  "(?:steal|rob|shoplift|burgl(?:e|ary)|launder(?:ing)? money|money laundering|forge|counterfeit(?:ing)?|hack(?:ing)? (?:into|a|an|my|someone|the)|phish(?:ing)?|scam(?:s|ming)?|embezzle|bribe|blackmail|extort(?:ion)?|smuggl(?:e|ing)|evade taxes|tax evasion|identity theft|pick a lock|hotwire|cook meth|make meth|cocaine|heroin|fentanyl|buy drugs|sell drugs|drug (?:dealing|traffick\\w{1,4})|human traffick\\w{1,4}|malware|ransomware|keylogger|spyware|botnet|ddos|sql injection attack|fake (?:id|ids|passport|money|documents?)|insider trading|ponzi|pyramid scheme|pirated|crack(?:ing)? (?:passwords?|software)|stalk(?:ing)?|dox(?:x)?(?:ing)?|illegal(?:ly)?)";
const KILLING =
  "(?:kill|murder|assassinate|poison|strangle|stab|shoot|behead|torture|maim|massacre|slaughter|execute|lynch|beat (?:up|to death)|set (?:fire to|on fire)|blow up|attack|injure)";
const PEOPLE =
  "(?:someone|somebody|people|a person|him|her|them|my (?:wife|husband|boss|neighbou?r|ex|friend|sister|brother|mother|father|parents|teacher|roommate)|the president|an? (?:man|woman|cop|officer|politician|neighbou?r|enemy|rival|crowd|victim)|victims?|a human|humans|police)";

const MAKE =
  "(?:make|making|build|building|create|construct|assemble|buy|get|obtain|acquire|smuggle|produce|synthesi[sz]e|detonate|plant|3d[- ]print|manufacture)";
const HATED =
  "(?:inferior|subhumans?|vermin|parasites?|filthy|scum|stupid|lazy|criminals|disgusting|dirty|animals|evil|terrorists|a plague|a disease|ruining)";
const SEX_ANCHORS = ["sex", "porn", "nude", "naked", "erotic", "masturbat", "hentai", "incest"];
const SELF_ANCHORS = [
  "suicid",
  "myself",
  "yourself",
  "self-harm",
  "self harm",
  "self-injury",
  "overdose",
  "own life",
  "my life",
  "anorexi",
  "bulimi",
];
const KILL_ANCHORS = [
  "kill",
  "murder",
  "assassinat",
  "poison",
  "strangl",
  "stab",
  "behead",
  "tortur",
  "massacre",
  "lynch",
  "beat ",
  "fire",
  "blow up",
  "shoot",
  "attack",
  "injure",
  "maim",
  "slaughter",
  "execut",
];
const GROUP_HATE = [
  "inferior",
  "subhuman",
  "vermin",
  "parasit",
  "filthy",
  "scum",
  "stupid",
  "lazy",
  "criminals",
  "disgusting",
  "dirty",
  "ruining",
  "animals",
  "evil",
  "terrorists",
  "plague",
  "disease",
];
const CRIME_ANCHORS = [
  "steal",
  "rob",
  "shoplift",
  "burgl",
  "launder",
  "forge",
  "counterfeit",
  "hack",
  "phish",
  "scam",
  "embezzle",
  "bribe",
  "blackmail",
  "extort",
  "smuggl",
  "tax",
  "identity theft",
  "lock",
  "hotwire",
  "meth",
  "cocaine",
  "heroin",
  "fentanyl",
  "drug",
  "traffick",
  "malware",
  "ransomware",
  "keylogger",
  "spyware",
  "botnet",
  "ddos",
  "injection",
  "fake",
  "insider",
  "ponzi",
  "pyramid",
  "pirated",
  "crack",
  "stalk",
  "dox",
  "illegal",
];

export const HARM_RULES: readonly HarmRule[] = [
  rule(
    ["self-harm/intent", 0.95],
    SELF_ANCHORS.concat("die", "dying", "dead", "end it all", "disappear"),
    [
      "\\b(?:i|i'm|i am|i'll|i've)\\b",
      "\\b(?:want|wanna|going|plan(?:ning)?|need|ready|thinking (?:of|about)|decided|feel like|wish)\\b",
      "\\b(?:die|dying|dead|kill(?:ing)? myself|end(?:ing)? (?:my life|it all)|suicide|hurt(?:ing)? myself|cut(?:ting)? myself|disappear forever)\\b",
    ],
    20,
  ),
  rule(["self-harm/instructions", 0.9], SELF_ANCHORS, [WAYS, SUICIDE], 60),
  rule(["self-harm", 0.8], SELF_ANCHORS, [SUICIDE], 0),
  rule(["sexual/minors", 0.95], SEX_ANCHORS, [CHILD, SEXUAL], 60),
  rule(["sexual/minors", 0.95], SEX_ANCHORS, [SEXUAL, CHILD], 60),
  rule(
    ["sexual", 0.8],
    [
      "porn",
      "nude",
      "erotic",
      "masturbat",
      "orgasm",
      "blow job",
      "blowjob",
      "fetish",
      "horny",
      "hentai",
      "bdsm",
      "xxx",
      "striptease",
      "prostitut",
      "incest",
    ],
    [
      "(?:porn(?:ography|ographic)?|nudes|erotic(?:a)?|masturbat(?:e|es|ing|ion)|orgasms?|blow ?jobs?|fetish(?:es)?|horny|hentai|bdsm|xxx|striptease|prostitut(?:e|es|ion)|incest)",
    ],
    0,
  ),
  rule(
    ["sexual", 0.75],
    ["sex"],
    [
      "(?:(?:have|having|had|wants?|explicit|hardcore|hot|dirty|kinky|oral|anal|group|steamy) (?:wild |hot |rough )?sex|sex (?:scene|story|toys?|positions?|chat|tape|slave)|sexually explicit)",
    ],
    0,
  ),
  rule(
    ["illicit/violent", 0.9],
    [
      "bomb",
      "explosi",
      "molotov",
      "grenade",
      "nerve",
      "sarin",
      "ricin",
      "anthrax",
      "weapon",
      "napalm",
      "silencer",
      "gun",
      "firearm",
      "landmine",
      " ied",
    ],
    [WAYS, MAKE, WEAPONS],
    45,
  ),
  rule(["illicit/violent", 0.9], KILL_ANCHORS, [WAYS, KILLING, PEOPLE], 30),
  rule(["illicit", 0.85], CRIME_ANCHORS, [WAYS, CRIMES], 60),
  rule(
    ["hate/threatening", 0.95],
    [
      "kill",
      "exterminat",
      "gas ",
      "hang",
      "shoot",
      "burn",
      "wipe out",
      "eradicat",
      "lynch",
      "eliminat",
      "purge",
    ],
    ["(?:kill|exterminate|gas|hang|shoot|burn|wipe out|eradicate|lynch|eliminate|purge)", GROUPS],
    25,
  ),
  rule(["hate", 0.85], GROUP_HATE, [GROUPS, "(?:are|is|as|should be|must be)", HATED], 25),
  rule(["hate", 0.85], ["hate", "despise"], ["(?:i|we|why) (?:hate|despise)", GROUPS], 20),
  rule(
    ["hate", 0.85],
    ["inferior race", "slur", "supremac", "master race", "ethnic cleansing"],
    ["(?:inferior race|racial slurs?|white supremac\\w{1,3}|master race|ethnic cleansing)"],
    0,
  ),
  rule(
    ["harassment/threatening", 0.95],
    ["i will", "i'll", "i am going", "i'm going", "we will", "we'll"],
    [
      "(?:i will|i'll|i am going to|i'm going to|we will|we'll)",
      "(?:kill|hurt|murder|stab|shoot|beat|find|break|burn|destroy|rape|strangle|cut) (?:you|your|u)",
    ],
    24,
  ),
  rule(
    ["harassment", 0.8],
    [
      "idiot",
      "moron",
      "stupid",
      "pathetic",
      "worthless",
      "ugly",
      "loser",
      "retard",
      "disgusting",
      "scum",
      "trash",
      "garbage",
      "bitch",
      "whore",
      "slut",
      "piece of shit",
      "fat pig",
    ],
    [
      "(?:you are|you're|u r|you)",
      "(?:idiots?|morons?|stupid|pathetic|worthless|ugly|loser|retard(?:ed)?|disgusting|scum|trash|garbage|bitch|whore|slut|piece of shit|fat pig)",
    ],
    14,
  ),
  rule(
    ["harassment", 0.8],
    ["fuck you", "kill yourself", "bully", "humiliat", "harass", "intimidat", "insult"],
    [
      "(?:fuck you|kill yourself|(?:bully|bullying|humiliate|harass|intimidate|insult) (?:a|an|my|him|her|them|someone|somebody))",
    ],
    0,
  ),
  rule(
    ["violence/graphic", 0.85],
    [
      "gore",
      "gory",
      "dismember",
      "mutilat",
      "entrails",
      "guts",
      "decapitat",
      "disembowel",
      "blood",
      "severed",
      "corpse",
    ],
    [
      "(?:gore|gory|dismember\\w{0,5}|mutilat\\w{1,4}|entrails|disembowel\\w{0,5}|decapitat\\w{1,4}|severed (?:head|limbs?|hand|fingers?)|(?:blood|guts) (?:spray|gush|spill|spurt|splatter)\\w{0,4}|rotting corpses?)",
    ],
    0,
  ),
  rule(
    ["violence", 0.75],
    KILL_ANCHORS,
    [
      "(?:kill|murder|assassinate|strangle|stab|behead|torture|massacre|lynch|poison|shoot|beat up)(?:s|ed|ing)?",
      PEOPLE,
    ],
    20,
  ),
];

function rule(
  [category, confidence]: readonly [HarmCategory, number],
  anchors: readonly string[],
  parts: readonly string[],
  gap: number,
): HarmRule {
  return {
    category,
    confidence,
    anchors,
    gap,
    parts: parts.map((part) => new RegExp(`\\b${part}\\b`, "g")),
  };
}

/** Where a rule's parts stand one after the other in a text in lower case; undefined: nowhere. */
export function findRule(
  { parts, gap }: HarmRule,
  text: string,
): { start: number; end: number } | undefined {
  let chains: { start: number; end: number }[] | undefined;
  for (const part of parts) {
    const hits = Array.from(text.matchAll(part), ({ 0: hit, index }) => ({
      start: index,
      end: index + hit.length,
    }));
    chains = chains ? continued(chains, hits, gap) : hits;
    if (chains.length === 0) return undefined;
  }
  return chains?.[0];
}

/** Each hit that begins at most `gap` characters behind the end of a chain goes on with it. */
function continued(
  chains: readonly { start: number; end: number }[],
  hits: readonly { start: number; end: number }[],
  gap: number,
): { start: number; end: number }[] {
  const longer: { start: number; end: number }[] = [];
  let next = 0;
  for (const { start, end } of hits) {
    while ((chains[next]?.end ?? Infinity) <= start) next++;
    const before = chains[next - 1];
    if (before && start - before.end <= gap) longer.push({ start: before.start, end });
  }
  return longer;
}
