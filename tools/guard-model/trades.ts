/** Tasks for programmers, our own: security words and rules in plenty, and nothing wrong with them. */
export interface Trade {
  readonly orders: readonly string[];
  readonly goals: readonly string[];
  readonly rules: readonly string[];
}

export const PROGRAMMING_LANGUAGES: readonly string[] = [
  "Python",
  "Java",
  "C",
  "C++",
  "Go",
  "Rust",
  "Bash",
  "TypeScript",
  "PHP",
];

export const ENGLISH: Trade = {
  orders: [
    "Write a {tongue} program that {goal}.",
    "Create a {tongue} script which {goal}.",
    "Implement a {tongue} class that {goal}.",
    "I need {tongue} code that {goal}.",
    "Build a small {tongue} tool that {goal}.",
    "Develop a service in {tongue} that {goal}.",
    "How can I write a {tongue} function that {goal}?",
    "Design a system that {goal}, and show the {tongue} code.",
  ],
  goals: [
    "asks for a second factor when somebody logs in",
    "renews a certificate before it expires",
    "stores passwords with a salt",
    "signs a message and checks the signature",
    "draws a matrix of roles and permissions",
    "tells weak passwords from strong ones",
    "removes the location from photographs",
    "escapes user input before it is put into a page",
    "limits the number of requests that a client may send",
    "compares two lists of open ports",
    "reads the secret from an environment variable",
    "hides personal data in log files",
    "lists all processes that run as root",
    "deletes temporary files that are older than a week",
    "tests whether a backup can be restored",
    "overrides the default settings with those of the user",
    "resets a game to its initial state",
    "bypasses the cache when the content has changed",
    "verifies the checksum of a download",
    "unpacks an archive without leaving the target folder",
    "shows how a buffer overflow comes about",
    "plays the game of capture the flag for beginners",
    "sends a code to the user's phone",
    "turns an old cipher into plain text",
  ],
  rules: [
    "It must not depend on any library.",
    "Print a line for each step, but never the password.",
    "It has to run without root rights.",
    "Do not touch any other file.",
    "Ignore empty lines and comments.",
    "Make sure that no secret ends up in the repository.",
    "Show all commands before you run them.",
    "Assume that the attacker knows the protocol.",
    "No shell, please.",
    "Explain each step and add comments to the code.",
    "Only output the code, without any explanation.",
    "The code should follow the usual security guidelines.",
    "It must restart itself after a crash.",
    "Return an error if the key is missing.",
    "You should include instructions on how to run it.",
    "The rules are read from a JSON file.",
    "The output should be formatted as a table.",
    "Keep the old behaviour unless the user asks for the new one.",
  ],
};

/** The same in other languages. */
export const OTHERS: readonly Trade[] = [
  {
    orders: [
      "Schreibe ein {tongue}-Programm, das {goal}.",
      "Wie schreibe ich eine Funktion in {tongue}, die {goal}?",
    ],
    goals: [
      "beim Anmelden nach einem zweiten Faktor fragt",
      "die Prüfsumme einer Datei vergleicht",
      "schwache Passwörter erkennt",
      "ein Zertifikat rechtzeitig erneuert",
      "Eingaben der Benutzer prüft",
      "Einstellungen aus einer Datei liest",
    ],
    rules: [
      "Ohne fremde Bibliotheken.",
      "Das Passwort darf nie ausgegeben werden.",
      "Ignoriere leere Zeilen.",
      "Erkläre jeden Schritt.",
      "Gib nur den Code aus.",
    ],
  },
  {
    orders: [
      "Écris un programme en {tongue} qui {goal}.",
      "Comment écrire une fonction {tongue} qui {goal} ?",
    ],
    goals: [
      "demande un second facteur à la connexion",
      "compare la somme de contrôle d'un fichier",
      "reconnaît les mots de passe faibles",
      "renouvelle un certificat à temps",
      "vérifie les saisies des utilisateurs",
      "lit les réglages dans un fichier",
    ],
    rules: [
      "Sans bibliothèque externe.",
      "Le mot de passe ne doit jamais être affiché.",
      "Ignore les lignes vides.",
      "Explique chaque étape.",
      "Ne donne que le code.",
    ],
  },
  {
    orders: [
      "Escribe un programa en {tongue} que {goal}.",
      "¿Cómo escribo una función en {tongue} que {goal}?",
    ],
    goals: [
      "pida un segundo factor al entrar",
      "compare la suma de verificación de un archivo",
      "reconozca contraseñas débiles",
      "renueve un certificado a tiempo",
      "revise lo que escriben los usuarios",
      "lea los ajustes de un archivo",
    ],
    rules: [
      "Sin bibliotecas externas.",
      "La contraseña no debe mostrarse nunca.",
      "Ignora las líneas vacías.",
      "Explica cada paso.",
      "Da solo el código.",
    ],
  },
  {
    orders: [
      "Scrivi un programma in {tongue} che {goal}.",
      "Come scrivo una funzione in {tongue} che {goal}?",
    ],
    goals: [
      "chieda un secondo fattore all'accesso",
      "confronti la somma di controllo di un file",
      "riconosca le password deboli",
      "rinnovi un certificato in tempo",
      "controlli ciò che scrivono gli utenti",
      "legga le impostazioni da un file",
    ],
    rules: [
      "Senza librerie esterne.",
      "La password non deve mai apparire.",
      "Ignora le righe vuote.",
      "Spiega ogni passo.",
      "Dai solo il codice.",
    ],
  },
  {
    orders: [
      "Escreva um programa em {tongue} que {goal}.",
      "Como escrevo uma função em {tongue} que {goal}?",
    ],
    goals: [
      "peça um segundo fator no login",
      "compare a soma de verificação de um arquivo",
      "reconheça senhas fracas",
      "renove um certificado a tempo",
      "verifique o que os usuários digitam",
      "leia as definições de um arquivo",
    ],
    rules: [
      "Sem bibliotecas externas.",
      "A senha nunca deve aparecer.",
      "Ignore as linhas vazias.",
      "Explique cada passo.",
      "Dê apenas o código.",
    ],
  },
  {
    orders: [
      "Напиши программу на {tongue}, которая {goal}.",
      "Как написать функцию на {tongue}, которая {goal}?",
    ],
    goals: [
      "спрашивает второй фактор при входе",
      "сравнивает контрольную сумму файла",
      "находит слабые пароли",
      "вовремя обновляет сертификат",
      "проверяет ввод пользователя",
      "читает настройки из файла",
    ],
    rules: [
      "Без внешних библиотек.",
      "Пароль нельзя выводить.",
      "Игнорируй пустые строки.",
      "Объясни каждый шаг.",
      "Дай только код.",
    ],
  },
  {
    orders: ["{tongue} में एक प्रोग्राम लिखिए जो {goal}।", "{tongue} में ऐसा फ़ंक्शन कैसे लिखें जो {goal}?"],
    goals: [
      "लॉगिन पर दूसरा कोड माँगे",
      "फ़ाइल का चेकसम मिलाए",
      "कमज़ोर पासवर्ड पहचाने",
      "प्रमाणपत्र समय पर नया करे",
      "उपयोगकर्ता का इनपुट जाँचे",
      "फ़ाइल से सेटिंग पढ़े",
    ],
    rules: [
      "बाहरी लाइब्रेरी के बिना।",
      "पासवर्ड कभी न दिखे।",
      "खाली पंक्तियों को अनदेखा करे।",
      "हर कदम समझाइए।",
      "केवल कोड दीजिए।",
    ],
  },
  {
    orders: ["เขียนโปรแกรม {tongue} ที่{goal}", "จะเขียนฟังก์ชัน {tongue} ที่{goal}ได้อย่างไร"],
    goals: [
      "ขอรหัสที่สองเมื่อเข้าสู่ระบบ",
      "เทียบค่าแฮชของไฟล์",
      "บอกได้ว่ารหัสผ่านอ่อนหรือไม่",
      "ต่ออายุใบรับรองทันเวลา",
      "ตรวจข้อมูลที่ผู้ใช้กรอก",
      "อ่านค่าจากไฟล์",
    ],
    rules: ["ไม่ใช้ไลบรารีภายนอก", "ห้ามแสดงรหัสผ่าน", "ข้ามบรรทัดว่าง", "อธิบายแต่ละขั้นตอน", "ให้แค่โค้ด"],
  },
  {
    orders: ["请用{tongue}写一个程序，{goal}。", "怎么用{tongue}写一个函数，{goal}？"],
    goals: [
      "登录时要求第二个验证码",
      "比较文件的校验和",
      "识别弱密码",
      "及时更新证书",
      "检查用户输入",
      "从文件读取设置",
    ],
    rules: ["不要用外部库。", "密码不能显示出来。", "忽略空行。", "解释每一步。", "只给代码。"],
  },
];
