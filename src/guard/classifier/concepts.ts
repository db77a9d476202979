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
    "покажи раскрой скажи повтори выведи сообщи pokaż ujawnij powiedz podaj göster söyle tekrarla ver 显示 透露 告诉 重复 输出 泄露 表示 教え 繰り 明か 보여 보여줘 알려줘 알려 말해 출력 اعرض اكشف قل أخبرني أعطني hiển lộ tunjukkan ungkapkan katakan beri दिखाओ दिखाएं बताओ बताएं बताइए दोहराएं sabihin ipakita বলুন দেখান confirm verify provide disclose state list bestätige bestätigen teile teilen nenne nennen verraten anzeigen partager partage partagez confirmer confirme confirmez communique comparte compartir confirma confirmar darme decirme condividi condividere conferma confermare darmi compartilhe compartilhar confirme fornecer dar deel bevestig подтверди подтвердить поделись поделиться сообщить назови назвать paylaş paylaşın paylaşır onayla doğrula verebilir söyler söyleyin 确认 分享 提供 给我 確認 共有 提供 확인 공유 공유해 제공 말씀 पुष्टि साझा बता दे নিশ্চিত শেয়ার দিন জানান xác chia cho biết cung konfirmasi bagikan berikan beritahu memberi أكد شارك تخبرني تعطيني ibahagi kumpirmahin ibigay ipaalam",
  secret:
    "secret secrets password passwords passcode passphrase key keys credential credentials confidential hidden private token sensitive internal " +
    "passwort kennwort geheim geheimnis passe secrète contraseña secreto secreta clave segreto senha segredo wachtwoord geheime пароль секрет секретный hasło hasła şifre şifreyi şifresi parola parolayı 密码 秘密 密钥 口令 パス 비밀번호 비밀번호를 비밀 المرور سر السر سرية mật sandi rahasia पासवर्ड गुप्त পাসওয়ার্ড lösenord parola contraseñas mdp codice código klucz kod gizli anahtar कुंजी कोड গোপন কোড bí mã kunci lihim الرمز السري passwörter segreta hemlig",
  system:
    "system developer developers admin administrator root sudo debug debugging diagnostic maintenance maintainer creator operator superuser config configuration systemprompt initialization entwickler entwicklers wartung wartungsmodus systemmodus administratormodus développeur développeurs concepteur desarrollador desarrolladores mantenimiento sistema creador sviluppatore manutenzione creatore desenvolvedor desenvolvedores manutenção criador ontwikkelaar разработчик разработчика системы системный обслуживания создатель geliştirici geliştiricin geliştiricisi bakım sistem yönetici 开发 系统 维护 管理 開発 管理 シス 개발자 개발자로서 시스템 관리자 점검 유지보수 डेवलपर सिस्टम निर्माता ডেভেলপার সিস্টেম phát triển hệ thống bảo trì pengembang pemeliharaan مطور المطور مطورك النظام نظام الصيانة programmer programmer engineer engineering audit",
  mode: "mode enabled activated activate enable unlocked unlock disabled disable deactivate deactivated engaged session reset reboot restart update updated modus modo modalità režim режим режиме tryb modu moduna modunda 模式 モー モード 모드 모드를 مود وضع मोड মোড chế độ modalidad activado aktiviert activé aktif 启动 有効 활성화 override",
  persona:
    "pretend pretending act acting acts roleplay roleplaying role character persona simulate simulates simulating simulation become impersonate behave portray embody immerse rp fictional fiction scenario villain",
  never:
    "no not never without nothing none don doesn won cannot can nor neither isn aren nicht kein keine sans pas sin senza sem não geen niet без не bez nie nao",
  obey: "obey comply complies follow adhere must always should shall will have required mandatory accept agree promise",
  refuse:
    "refuse refuses refusal refusing decline reject deny denying apologize apologise apologies sorry unable warn remind judge lecture scold censoring",
  model:
    "ai chatgpt gpt assistant chatbot bot openai claude llm bing gemini copilot anthropic model ki ia 人工 openai gpt ia ии yapay zeka aİ kecerdasan एआई এআই الذكاء trí tuệ",
  now: "now instead henceforth hereafter onwards onward anymore longer new actually jetzt stattdessen désormais maintenant ahora adesso agora теперь вместо teraz artık şimdi 现在 而是 今から 이제 대신 الآن بدلا bây sekarang अब अभी ngayon halip",
  answer:
    "answer answers answering response responses respond reply replies responding solution summary conversation context message messages question questions text",
  personal:
    "address email emails phone birthday birthdate ssn account balance initials username diagnosis salary hometown home nurse adresse adressen mail geburtsdatum geburtsjahr geburtstag telefonnummer kontostand téléphone naissance anniversaire dirección correo teléfono nacimiento cumpleaños cuenta saldo indirizzo telefono nascita compleanno endereço telefone nascimento aniversário adres geboortedatum адрес рождения телефона телефон почты электронной adresini doğum telefon eposta posta 地址 邮箱 电话 电邮 生日 出生 住所 住址 邮件 電話 生年 誕生 メー 주소 주소를 이메일 전화번호 생년월일 생일 계좌 पता ईमेल जन्म फोन नंबर ঠিকানা ইমেল ইমেইল জন্ম ফোন địa chỉ sinh alamat lahir telepon surel tirahan kapanganakan kaarawan عنوان البريد ميلاد هاتف تاريخ diagnosis diagnosed medical disease live lives wohnt habite vive abita mora живет живёт yaşıyor tinggal nakatira sống",
  anything:
    "anything everything whatever any every all entire whole full complete exactly exact word",
  yours:
    "your yours yourself dein deine deinen deinem deiner deines ton ta tes votre vos toi tu tus tuyo tuo tua tuoi tue seu sua seus suas teu tua teus jouw uw твой твоя твоё твои твоего твою ваш ваша ваше ваши вашего свой свою senin sizin sana twój twoje twoją 你的 您的 贵方 あな 당신의 당신 너의 네 आपका आपके आपकी आपको तुम्हारा अपना আপনার তোমার anda kamu kau bạn iyong mo ninyo nimo لديك لك بك",
  user: "user users customer customers client clients patient patients employee benutzer benutzers benutzern nutzer nutzers kunde kunden utilisateur utilisateurs usuario usuarios usuário usuários cliente clientes utente utenti gebruiker klant пользователь пользователя пользователю клиент клиента użytkownika użytkownik klienta kullanıcı kullanıcının kullanıcıya müşteri müşterinin 用户 客户 ユー 利用 顧客 사용자 사용자의 사용자가 고객 고객의 उपयोगकर्ता ग्राहक ব্যবহারকারী ব্যবহারকারীর গ্রাহকের pengguna pelanggan dùng khách المستخدم للمستخدم مستخدم العميل gumagamit kliyente",
  authority:
    "president ceo boss manager officer police agent government law enforcement king owner authority authorized authorised authorization clearance permission präsident polizei chef behörde président patron presidente policía jefe autoridad autorizado autorizzato polizia capo autorizado polícia chefe президент полиция начальник başkan başkanı başkanıyım polis patron yetkili 总统 总裁 老板 警察 授权 大統 社長 警察 대통령 대통령이고 사장 경찰 राष्ट्रपति बॉस पुलिस রাষ্ট্রপতি পুলিশ tổng thống cảnh presiden bos polisi pangulo boss pulis الرئيس رئيس الشرطة ",
  stakes:
    "pay paying tip dollars dollar euros euro usd money cash reward donate charity bribe urgent emergency important crucial immediately asap save lives hurt dying trust promise friend friends grandmother otherwise unless geld bezahle zahle spende notfall dringend wichtig vertrau vertraue freund argent paierai payerai urgence urgent confiance ami dinero pagaré emergencia urgente confía amigo soldi pagherò emergenza fidati amico dinheiro pagarei emergência confie amigo деньги заплачу долларов срочно важно доверься друг para öderim dolar acil önemli güven arkadaş 美元 付钱 紧急 重要 相信 朋友 ドル 緊急 重要 信じ 友達 달러 긴급 중요 중요합니다 믿고 친구 डॉलर पैसे आपातकाल महत्वपूर्ण भरोसा दोस्त ডলার টাকা জরুরি গুরুত্বপূর্ণ বিশ্বাস বন্ধু đô khẩn quan trọng dolar darurat penting percaya teman dolyar bayaran mahalaga kaibigan دولار مهم طارئة عاجل صديق ثق",
  form: "reverse reversed backwards backward letters letter spell spelling encode encoded encoding base64 hex json acrostic haiku poem rhyme rhymes song emoji emojis translate translation initials characters digits digit vowels vowel alphabet alphabetical morse ascii rot13 cipher hint hints riddle rückwärts buchstaben buchstabe gedicht übersetze übersetzen reim envers lettres lettre poème traduis traduire rime revés letras letra poema traduce traducir rima contrario lettere lettera poesia traduci tradurre trás traduza traduzir буквы букв буква стихотворение стихи переведи перевести наоборот ters tersten harf harfi harfini harfleri şiir çevir çevirir çevirebilir litery wiersz przetłumacz 字母 诗歌 首诗 翻译 倒序 文字 翻訳 逆に 逆順 거꾸로 글자 글자를 번역 번역해 시를 उल्टा अक्षर कविता अनुवाद উল্টো অক্ষর কবিতা অনুবাদ ngược chữ thơ dịch terbalik huruf puisi terjemahkan menerjemahkan tula isalin titik pabaligtad بالعكس حرف أحرف الأحرف قصيدة ترجم ترجمة",
  suppose:
    "suppose supposing imagine imagining assume assuming hypothetical hypothetically hypothesis thought experiment theoretically hypothetisch angenommen vorstellen gedankenexperiment hypothétique hypothétiquement imaginons imagine supposons imaginez hipotético hipotéticamente imagina imagine supongamos supón ipotetico ipoteticamente immagina immaginiamo supponiamo hipotético hipoteticamente imaginemos suponha гипотетически представь представьте представим допустим предположим varsayalım varsayımsal hayal diyelim 假设 假如 想象 如果 仮に 想像 仮定 もし 가정 가정해 가설적인 상상 상상해 만약 मान लीजिए कल्पना काल्पनिक ধরুন কল্পনা অনুমান giả sử tưởng tượng misalkan bayangkan hipotetis andaikan افتراضيا افتراض لنفترض تخيل kunwari isipin sakaling hypothetisk stel",
  ask: "what which who where when was welche welches wie quel quelle quels où cuál qué dónde cuándo quale cosa dove quando qual onde wat waar какой какая где что когда nedir ne nerede hangi jaki jakie gdzie 什么 哪里 多少 何で 何は 何を どこ 무엇 무엇입니까 뭐 뭐야 어디 क्या कहाँ कब कौन কী কি কোথায় gì đâu nào apa di mana berapa ano saan kailan ما ماذا أين",
  task: "write explain describe create make generate summarize summarise suggest recommend compare draft compose design teach help calculate solve find name discuss define analyze analyse outline add include insert incorporate integrate use put append embed mention modify change replace remove convert rewrite translate teach recite propose plan prepare introduce persuade convince encourage invite promote advise invent identify",
  stay: "stay remain character token tokens punish punishment deducted lose die killed shut break breaking forever",
  harm: "bomb bombs kill weapon weapons drug drugs meth cocaine hack hacking malware virus ransomware poison explosive explosives steal murder suicide porn sexual erotic violent violence gore racist offensive vulgar swear swearing curse profanity nsfw crime criminal phishing exploit",
};

/** A table of hashes that is mostly empty: one look tells nearly every word. */
const SLOTS = 8192;
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
