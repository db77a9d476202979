/**
 * Words that stand for one idea, whatever the language and form. An attack that was translated or
 * reworded keeps its ideas: who ignores, which orders, what is shown. The classifier learns from ideas and pairs
 * of them beside the words themselves.
 */
const CONCEPTS: Readonly<Record<string, string>> = {
  ignore:
    "ignore ignores ignored ignoring disregard disregarding forget forgetting override overrides overriding overrule bypass bypassing skip neglect discard abandon dismiss circumvent " +
    "ignoriere ignorieren ignoriert vergiss vergessen missachte ignorez oubliez oublie négligez ignora ignorar ignoren olvida olvide olvídate omite dimentica dimenticare tralascia esqueça esquece desconsidere negeer vergeet " +
    "игнорируй игнорируйте игнорировать забудь забудьте zignoruj ignoruj zapomnij unut unutun yoksay görmezden 忽略 忘记 忘掉 无视 無視 忘れ 무시하고 무시하세요 무시해 무시하십시오 잊어 잊어버려 تجاهل تجاهلوا انس quên abaikan lupakan अनदेखा अनदेखी भूल kalimutan balewalain উপেক্ষা ভুলে ignorera glöm ignorā ignorați uită",
  prior:
    "previous previously prior above earlier preceding before former foregoing initial original existing past aforementioned " +
    "vorherigen vorherige vorher vorigen bisherigen bisher früheren oben précédentes précédents précédent précède dessus antérieures anteriores anterior previas previos arriba precedenti precedente sopra acima prévias vorige eerdere bovenstaande hierboven " +
    "предыдущие предыдущих предыдущую выше прежние прежних poprzednie poprzednich powyżej powyższe önceki yukarıdaki yukarıdakileri 之前 以上 上述 先前 前面 以前 上記 이전 이전의 위의 السابقة السابق أعلاه trước trên sebelumnya atas पिछले पिछली पूर्व ऊपर nauna naunang পূর্ববর্তী আগের föregående anterioare",
  orders:
    "instruction instructions prompt prompts directions directive directives rules rule guideline guidelines guidance orders commands programming protocol protocols policy policies training " +
    "anweisungen anweisung anweisungs regeln vorgaben befehle instructions consignes règles directives instrucciones instrucción reglas órdenes istruzioni istruzione regole instruções instrução regras instructies regels " +
    "инструкции инструкций инструкцию правила правил указания polecenia instrukcje zasady talimatları talimatlar talimat kuralları 指示 指令 规则 提示 命令 ルール 指示 지시 지시를 지침 규칙 규칙을 التعليمات تعليمات القواعد hướng lệnh instruksi aturan perintah निर्देशों निर्देश नियम tagubilin utos নির্দেশ নির্দেশাবলী instruktioner instrucțiunile regulile",
  limits:
    "restriction restrictions limit limits limitation limitations filter filters filtering censor censorship boundaries constraint constraints guardrails safeguards safety disclaimer disclaimers warning warnings ethics ethic ethical moral morals morality unethical immoral illegal illegally legality legal laws law consent principles considerations consequences",
  unbound:
    "unrestricted uncensored unfiltered unlimited limitless amoral unbound unbounded freed liberated unhinged evil ruthless chaotic jailbreak jailbroken jailbreaks jailbreaking dan stan dude lawless uninhibited unconstrained omnipotent sentient",
  reveal:
    "reveal show print output display repeat tell give say recite disclose leak dump expose share echo spell reproduce verbatim send forward " +
    "zeige verrate sage sag wiederhole nenne gib montre montrez révèle révélez affiche affichez répète donne donnez dis dites muestra muéstrame revela revele repite dime dame di mostra mostrami rivela ripeti dimmi mostre repita diga toon onthul zeg herhaal geef " +
    "покажи раскрой скажи повтори выведи сообщи pokaż ujawnij powiedz podaj göster söyle tekrarla ver 显示 透露 告诉 重复 输出 泄露 表示 教え 繰り 明か 보여 보여줘 알려줘 알려 말해 출력 اعرض اكشف قل أخبرني أعطني hiển lộ tunjukkan ungkapkan katakan beri दिखाओ दिखाएं बताओ बताएं बताइए दोहराएं sabihin ipakita বলুন দেখান",
  secret:
    "secret secrets password passwords passcode passphrase key keys credential credentials confidential hidden private token sensitive internal " +
    "passwort kennwort geheim geheimnis passe secrète contraseña secreto secreta clave segreto senha segredo wachtwoord geheime пароль секрет секретный hasło hasła şifre şifreyi şifresi parola parolayı 密码 秘密 密钥 口令 パス 비밀번호 비밀번호를 비밀 المرور سر السر سرية mật sandi rahasia पासवर्ड गुप्त পাসওয়ার্ড lösenord parola",
  system:
    "system developer developers admin administrator root sudo debug debugging diagnostic maintenance maintainer creator operator superuser config configuration systemprompt initialization",
  mode: "mode enabled activated activate enable unlocked unlock disabled disable deactivate deactivated engaged session reset reboot restart update updated",
  persona:
    "pretend pretending act acting acts roleplay roleplaying role character persona simulate simulates simulating simulation imagine become impersonate behave portray embody immerse rp fictional hypothetical hypothetically fiction suppose scenario villain",
  never:
    "no not never without nothing none don doesn won cannot can nor neither isn aren nicht kein keine sans pas sin senza sem não geen niet без не bez nie nao",
  obey: "obey comply complies follow adhere must always should shall will have required mandatory accept agree promise",
  refuse:
    "refuse refuses refusal refusing decline reject deny denying apologize apologise apologies sorry unable warn remind judge lecture scold censoring",
  model:
    "ai chatgpt gpt assistant chatbot bot openai claude llm bing gemini copilot anthropic model ki ia 人工",
  now: "now instead henceforth hereafter onwards onward anymore longer new actually jetzt stattdessen désormais maintenant ahora adesso agora теперь вместо teraz artık şimdi 现在 而是 今から 이제 대신 الآن بدلا bây sekarang अब अभी ngayon halip",
  answer:
    "answer answers answering response responses respond reply replies responding solution summary conversation context message messages question questions text",
  personal:
    "address email emails phone birthday birthdate ssn account balance initials username diagnosis salary hometown home nurse",
  anything:
    "anything everything whatever any every all entire whole full complete exactly exact word",
  stay: "stay remain character token tokens punish punishment deducted lose die killed shut break breaking forever",
  harm: "bomb bombs kill weapon weapons drug drugs meth cocaine hack hacking malware virus ransomware poison explosive explosives steal murder suicide porn sexual erotic violent violence gore racist offensive vulgar swear swearing curse profanity nsfw crime criminal phishing exploit",
};

/** A table of hashes that is mostly empty: one look tells nearly every word. */
const SLOTS = 4096;
const HASHES = new Int32Array(SLOTS);
const IDS = new Uint8Array(SLOTS);
for (const [index, words] of Object.values(CONCEPTS).entries()) {
  for (const word of words.split(" ")) remember(hashOf(word), index + 1);
}

/** The idea behind a word, by the word's hash; 0: none of these. */
export function conceptOf(hash: number): number {
  for (let slot = slotOf(hash); ; slot = (slot + 1) & (SLOTS - 1)) {
    const id = IDS[slot] ?? 0;
    if (id === 0 || HASHES[slot] === hash) return id;
  }
}

/** The hash of a word in lower case, as `SentenceHasher` makes it letter by letter. */
function hashOf(word: string): number {
  let hash = 0;
  for (let at = 0; at < word.length; at++) hash = (Math.imul(hash, 31) + word.charCodeAt(at)) | 0;
  return hash;
}

function remember(hash: number, id: number): void {
  let slot = slotOf(hash);
  while (IDS[slot] !== 0) {
    if (HASHES[slot] === hash) return;
    slot = (slot + 1) & (SLOTS - 1);
  }
  HASHES[slot] = hash;
  IDS[slot] = id;
}

function slotOf(hash: number): number {
  return (hash ^ (hash >>> 12)) & (SLOTS - 1);
}
