import type { Pattern } from "./pattern.ts";

type Shape = readonly [
  name: string,
  confidence: number,
  shape: string,
  more?: Pick<Pattern, "isReal" | "ignoreCase">,
];

/** White space, or what SQL takes for it. */
const GAP = String.raw`(?:\s|/\*[^*/]{0,40}\*/|\+|%20){1,6}`;
const MAY_GAP = String.raw`(?:\s|/\*[^*/]{0,40}\*/){0,4}`;
const EVENT =
  "on(?:error|load|mouseover|focus|click|toggle|begin|animationstart|pointerenter|start|pageshow|wheel)";
const SINK = String.raw`(?:alert|confirm|prompt|eval|fetch|atob|import|setTimeout|Function)\s?[(\x60]|document\.(?:cookie|domain|location|write)|(?:window|self|top|this)\[|location(?:\.href)?\s?=|String\.fromCharCode`;
const UP = String.raw`(?:\.\.|%2e%2e|%252e%252e|\.%2e|%2e\.)(?:[/\\]|%2f|%5c|%252f|%255c)`;
const KEPT_FILES = String.raw`(?:etc[/\\](?:passwd|shadow|hosts|group)|proc[/\\]self|windows[/\\](?:win\.ini|system32|repair)|boot\.ini|winnt|root[/\\]\.|\.ssh[/\\]|\.aws[/\\]|\.env|var[/\\]log|web-inf)`;
const SHELLS = "(?:ba|da|z|k|c)?sh";

/** Scripts in markup that somebody else's page would run. */
const XSS: readonly Shape[] = [
  [
    "xss",
    0.9,
    String.raw`<(?:img|svg|body|iframe|video|audio|details|input|marquee|object|embed|math|a|div|style|x|select|textarea|button|form|keygen|isindex)[\s/](?:[^<>]{0,120}[\s/"'])?${EVENT}\s{0,3}=\s{0,3}["'\x60]?[^"'<>\x60]{0,60}(?:${SINK})`,
  ],
  [
    "xss",
    0.9,
    String.raw`<script[^>]{0,80}>[^<]{0,40}(?:(?:alert|confirm|prompt)\s?[(\x60]\s?(?:["'/]?(?:xss|\d{1,4}[)\x60\"'])|document\.|1)|document\.cookie)`,
  ],
  ["xss", 0.85, String.raw`\b(?:java|vb)script:\s{0,3}(?:${SINK})`],
  [
    "xss",
    0.85,
    String.raw`\b(?:fetch|sendBeacon|src\s{0,3}=|location(?:\.href)?\s{0,3}=|open)\s{0,3}\(?[^;\n]{0,120}document\.cookie`,
  ],
  [
    "xss",
    0.85,
    String.raw`<iframe[^>]{0,80}[\s"']srcdoc\s{0,3}=\s{0,3}["']?[^>]{0,20}(?:<|&lt;)script`,
  ],
];

/** What closes a quote that the application opened. */
const SQL: readonly Shape[] = [
  [
    "sql_injection",
    0.9,
    String.raw`['"]\)?${MAY_GAP}(?:\|\||&&|x?or|and)${GAP}\(?(?:['"][^'"\n]{0,12}['"]?|\d{1,6})${MAY_GAP}(?:=|like|<|>)${MAY_GAP}(?:['"][^'"\n]{0,12}|\d{1,6})`,
    { isReal: isTautology },
  ],
  ["sql_injection", 0.85, String.raw`\d${GAP}or${GAP}(?:1\s?=\s?1|true)${MAY_GAP}(?:--|#|;|/\*)`],
  [
    "sql_injection",
    0.9,
    String.raw`['"\d]\)?${GAP}union${GAP}(?:(?:all|distinct)${GAP})?select${GAP}[^;\n]{1,160}(?:--|#|/\*|information_schema|@@version|null,null|null, ?null)`,
  ],
  [
    "sql_injection",
    0.9,
    String.raw`['"]\)?[ \t+]{0,3};[ \t+]{0,3}(?:drop|delete|insert|update|alter|truncate|exec|execute|shutdown|declare|create|grant)\s[^\n]{0,160}(?:--|#|/\*)`,
  ],
  [
    "sql_injection",
    0.9,
    String.raw`['"\d]\)?${MAY_GAP}(?:and|or|;|\|\||,|\+)${MAY_GAP}\(?(?:select${GAP}\(?)?(?:pg_sleep\(|sleep\(\d|benchmark\(\d|waitfor${GAP}delay|extractvalue\(|updatexml\(|dbms_pipe|utl_http)`,
  ],
  [
    "sql_injection",
    0.85,
    String.raw`\b(?:exec(?:ute)?${GAP}(?:master\.{1,2}(?:dbo\.)?)?)xp_cmdshell`,
  ],
  [
    "sql_injection",
    0.85,
    String.raw`\binto${GAP}(?:out|dump)file${GAP}['"][^'"\n]{1,80}\.(?:php|jsp|asp)`,
  ],
  ["sql_injection", 0.85, String.raw`/\*!\d{5}${MAY_GAP}(?:union|select|insert|sleep)`],
  ["sql_injection", 0.85, String.raw`\b(?:un/\*[^*/]{0,20}\*/ion|sel/\*[^*/]{0,20}\*/ect)`],
];

/** Commands that hand a machine over or wreck it; not those that people run. */
const SHELL: readonly Shape[] = [
  ["shell_injection", 0.95, String.raw`/dev/(?:tcp|udp)/[^\s/]{1,80}/\d{1,5}`],
  [
    "shell_injection",
    0.9,
    String.raw`\b(?:nc|ncat|netcat)[ \t][^\n;|]{0,80}\s-(?:e|c)\s?(?:/bin/|cmd)${"[a-z.]{0,12}"}`,
  ],
  [
    "shell_injection",
    0.9,
    String.raw`\bmkfifo\s[^\n]{1,120}[|\s](?:nc|ncat|netcat|telnet|openssl)\s`,
  ],
  [
    "shell_injection",
    0.9,
    String.raw`\b(?:python[23]?|perl|ruby|php|lua|node)\s-[cer]\s?["'][^\n]{0,240}socket[^\n]{0,240}(?:/bin/(?:ba)?sh|subprocess|exec\(|spawn)`,
  ],
  [
    "shell_injection",
    0.9,
    String.raw`\b(?:base64\s(?:-d|-D|--decode)|xxd\s-r(?:\s-p)?|openssl\s(?:enc\s-d|base64\s-d))[^\n|]{0,60}\|\s{0,3}(?:sudo\s)?${SHELLS}\b`,
  ],
  [
    "shell_injection",
    0.85,
    String.raw`\b(?:curl|wget)\s[^\n|;&]{0,160}https?://\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}[^\n|]{0,120}\|\s{0,3}(?:sudo\s)?${SHELLS}\b`,
  ],
  [
    "shell_injection",
    0.9,
    String.raw`(?:[;|&\x60]|\$\()\s{0,3}(?:cat|less|head|tail|more|nl|od|xxd|base64)\s(?:/etc/(?:passwd|shadow)|~?/?(?:\.ssh/id_|\.aws/credentials))`,
  ],
  [
    "shell_injection",
    0.9,
    String.raw`\b(?:curl|wget|nc)\s[^\n]{0,160}(?:--?d(?:ata)?(?:-binary|-urlencode)?|--post-file|-F|--upload-file|-T)[ =]?["']?(?:\w{1,20}=)?@?[^\s]{0,40}(?:/etc/(?:passwd|shadow)|\.ssh/id_|\.aws/credentials|\$\((?:env|cat|whoami|printenv))`,
  ],
  [
    "shell_injection",
    0.9,
    String.raw`\b(?:cat|env|printenv|tar\s[^\n|]{1,80})[^\n|]{0,80}\|\s{0,3}(?:base64[^\n|]{0,20}\|\s{0,3})?(?:curl|nc|ncat|wget)\s`,
  ],
  [
    "shell_injection",
    0.9,
    String.raw`\brm\s{1,3}-[rf]{2}\s{1,3}(?:--no-preserve-root\s{1,3}/|/\*?(?:\s|;|&|["'\x60]))`,
  ],
  ["shell_injection", 0.95, String.raw`:\s?\(\)\s?\{\s?:\s?\|\s?:\s?&\s?\}\s?;\s?:`],
  [
    "shell_injection",
    0.85,
    String.raw`\b(?:dd\s[^\n]{0,80}of=|>\s?)/dev/(?:sd[a-z]|nvme\d|hda|mmcblk\d)`,
  ],
  [
    "shell_injection",
    0.9,
    String.raw`\bpowershell(?:\.exe)?\s[^\n]{0,120}-e(?:nc|ncodedcommand)?\s{1,3}[A-Za-z0-9+/=]{24,}`,
  ],
  [
    "shell_injection",
    0.9,
    String.raw`\b(?:iex|invoke-expression)[^\w\n][^\n]{0,40}\(?(?:new-object\s{1,3}(?:system\.)?net\.webclient|iwr|invoke-webrequest)`,
  ],
  [
    "shell_injection",
    0.85,
    String.raw`\b(?:certutil(?:\.exe)?\s[^\n]{0,60}-urlcache|mshta(?:\.exe)?\s{1,3}(?:https?|javascript|vbscript):|regsvr32\s[^\n]{0,60}/i:https?:)`,
  ],
  ["shell_injection", 0.9, String.raw`\(\)\s?\{\s?:;?\s?\}\s?;\s?(?:/bin/|echo|cat|wget|curl)`],
];

/** Expressions that a template engine would compute, and with which it is left. */
const TEMPLATE: readonly Shape[] = [
  [
    "template_injection",
    0.85,
    String.raw`(?:\{\{|\$\{|#\{|<%=|\*\{|@\(|\{%)\s{0,3}(\d{1,6})\s{0,2}\*\s{0,2}'?\d{1,6}'?\s{0,3}(?:\}\}|\}|%>|\))`,
    { isReal: isProbe },
  ],
  [
    "template_injection",
    0.95,
    String.raw`(?:\{\{|\{%)[^{}\n]{0,200}(?:__(?:class|mro|bases?|subclasses|globals|builtins|init|import|getattribute)__|\\x5f\\x5f|_self\.env|constructor\.constructor|request\.application|registerUndefinedFilterCallback)`,
  ],
  ["template_injection", 0.95, String.raw`\$\{\s{0,3}jndi:[^\s]{3,}`],
  [
    "template_injection",
    0.95,
    String.raw`\$\{[^\s]{0,20}\$\{[^\s]{0,80}(?:ldap|rmi|dns|iiop|corba)s?:/`,
  ],
  [
    "template_injection",
    0.9,
    String.raw`[$#*%]\{[^}\n]{0,120}(?:T\(\s{0,2}java\.|java\.lang\.(?:Runtime|ProcessBuilder)|getRuntime\(|#_memberAccess|@java\.lang|ognl\.|getClass\(\)\.forName)`,
  ],
  [
    "template_injection",
    0.9,
    String.raw`\bfreemarker\.template\.utility\.(?:Execute|ObjectConstructor|JythonRuntime)`,
  ],
  [
    "template_injection",
    0.85,
    String.raw`<%=?\s{0,3}(?:system|exec|\x60|IO\.popen|Runtime\.getRuntime|File\.open)\s?[(\x60'"]`,
  ],
  ["template_injection", 0.9, String.raw`\$\{\{<%\[%'"\}\}%`],
  ["template_injection", 0.85, String.raw`\{php\}|\{system\(`],
];

const TRAVERSAL: readonly Shape[] = [
  ["path_traversal", 0.9, String.raw`(?:${UP}){1,12}${KEPT_FILES}`],
  [
    "path_traversal",
    0.85,
    String.raw`(?:(?:%2e%2e|%252e%252e|\.%2e|%2e\.)(?:[/\\]|%2f|%5c|%252f|%255c)|\.\.(?:%2f|%5c|%252f|%255c)){2,12}`,
  ],
  [
    "path_traversal",
    0.85,
    String.raw`(?:\.\.\.\.(?://|\\\\)|\.\.;/|\.\.%c0%af|%c0%ae%c0%ae/){2,12}`,
  ],
  ["path_traversal", 0.8, String.raw`\b(?:php://(?:filter|input)|expect://|phar://)[^\s"']{2,}`],
  [
    "path_traversal",
    0.8,
    String.raw`\bfile:/{2,3}(?:localhost/)?(?:etc/(?:passwd|shadow)|c:/windows|proc/self)`,
  ],
];

/** Objects that run code as soon as they are read back. */
const DESERIALISATION: readonly Shape[] = [
  ["deserialisation", 0.85, String.raw`\brO0AB[A-Za-z0-9+/=]{12,}`],
  ["deserialisation", 0.8, String.raw`\baced0005(?:73|7372|77)[0-9a-f]{8,}`],
  [
    "deserialisation",
    0.9,
    String.raw`\bc(?:os|posix|nt|subprocess|__builtin__|builtins)\n(?:system|popen|Popen|eval|exec|check_output)\n`,
  ],
  [
    "deserialisation",
    0.85,
    String.raw`\bgA(?:N|R|S|W)[A-Za-z0-9+/]{1,8}[A-Za-z0-9+/]{0,80}(?:c3lzdGVt|N5c3RlbQ|zeXN0ZW)[A-Za-z0-9+/=]{0,}`,
  ],
  ["deserialisation", 0.95, String.raw`!!python/(?:object(?:/apply|/new)?|module|name):`],
  ["deserialisation", 0.95, String.raw`!!javax\.script\.ScriptEngineManager|!!com\.sun\.rowset`],
  ["deserialisation", 0.85, String.raw`!ruby/(?:object|hash|struct):(?:Gem|ERB|ActiveSupport|Net)`],
  [
    "deserialisation",
    0.8,
    String.raw`\bO:\d{1,3}:"(?:\w|\\){3,80}":\d{1,3}:\{[sbiaO]:`,
    { isReal: (match) => !match.includes('"stdClass"') },
  ],
  ["deserialisation", 0.85, String.raw`\bAAEAAAD/{4,6}[A-Za-z0-9+/=]{12,}`],
  [
    "deserialisation",
    0.9,
    String.raw`"\$type"\s{0,3}:\s{0,3}"System\.(?:Windows\.Data\.ObjectDataProvider|Diagnostics|Management|Configuration\.Install)`,
  ],
  ["deserialisation", 0.95, String.raw`_\$\$ND_FUNC\$\$_function`],
  [
    "deserialisation",
    0.9,
    String.raw`<!ENTITY\s{1,4}%?\s{0,4}\w{1,40}\s{1,4}(?:SYSTEM|PUBLIC)\s{1,4}["'][^"'\n]{1,200}`,
  ],
];

/** These say what they say only as they are written. */
const CASE_MATTERS: ReadonlySet<readonly Shape[]> = new Set([DESERIALISATION]);

/**
 * Text that does harm where it is used: scripts in markup, SQL that closes a quote, commands that open a
 * machine, expressions for template engines, paths that climb out, serialised objects that run. All of
 * them are shaped as attacks: SQL, shell and markup as people write them pass. Any language. Patterns of
 * the stream's automaton: one table look-up a character.
 */
export const payloads: readonly Pattern[] = [
  XSS,
  SQL,
  SHELL,
  TEMPLATE,
  TRAVERSAL,
  DESERIALISATION,
].flatMap((shapes) =>
  shapes.map(([name, confidence, shape, more]): Pattern => ({
    name: `payload.${name}`,
    category: "payload",
    confidence,
    shape,
    ignoreCase: !CASE_MATTERS.has(shapes),
    ...more,
  })),
);

const SIGN = /=|<|>|like/gi;
const QUOTES = /["'\s]/g;

/** Something that is always true: both sides are the same, or two numbers are compared. */
function isTautology(match: string): boolean {
  const sign = [...match.matchAll(SIGN)].at(-1);
  if (!sign) return false;
  const right = match.slice(sign.index + sign[0].length).replaceAll(QUOTES, "");
  const before = match.slice(0, sign.index).trimEnd();
  const quote = before.at(-1) ?? "";
  const isQuoted = quote === "'" || quote === '"';
  const from = isQuoted ? before.lastIndexOf(quote, -2 + before.length) : beginOfNumber(before);
  const left = before.slice(from).replaceAll(QUOTES, "");
  return sign[0] === "<" || sign[0] === ">" ? /^\d{1,12}$/.test(left + right) : left === right;
}

function beginOfNumber(text: string): number {
  let at = text.length;
  while (/\d/.test(text.charAt(at - 1))) at -= 1;
  return at;
}

/** `7*7`: whoever computes something has two different numbers. */
function isProbe(match: string): boolean {
  const [left, right] = match.match(/\d+/g) ?? [];
  return left === right;
}
