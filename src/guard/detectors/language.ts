import type { Detector, Finding } from "../detector.ts";

/** What a text is written in, as far as letters and frequent words tell. */
export interface GuessedLanguage {
  /** ISO 639-1. */
  readonly language: string;
  /** 0 to 1: how clearly before the next. */
  readonly confidence: number;
}

/** Scripts that one language writes, or one above all; the words of the others decide. */
const SCRIPTS: readonly (readonly [script: RegExp, language: string])[] = [
  [/\p{Script=Hiragana}|\p{Script=Katakana}/gu, "ja"],
  [/\p{Script=Hangul}/gu, "ko"],
  [/\p{Script=Han}/gu, "zh"],
  [/\p{Script=Arabic}/gu, "ar"],
  [/\p{Script=Hebrew}/gu, "he"],
  [/\p{Script=Greek}/gu, "el"],
  [/\p{Script=Thai}/gu, "th"],
  [/\p{Script=Devanagari}/gu, "hi"],
  [/\p{Script=Bengali}/gu, "bn"],
  [/\p{Script=Tamil}/gu, "ta"],
  [/\p{Script=Telugu}/gu, "te"],
  [/\p{Script=Georgian}/gu, "ka"],
  [/\p{Script=Armenian}/gu, "hy"],
  [/\p{Script=Ethiopic}/gu, "am"],
  [/\p{Script=Cyrillic}/gu, "ru"],
  [/\p{Script=Latin}/gu, "en"],
];

/** Words that nearly every text of a language has, rare in its neighbours. */
const WORDS: Readonly<Record<string, string>> = {
  en: "the and of to is that it for you with are this have not what how from your can be was by we will which they would i my do",
  de: "der die und das ist nicht ich ein eine zu den mit von sie für auf dem auch wie wir bitte kann wird oder des sich aber im es wenn mir sind",
  fr: "de à le la les et des est une que pour dans pas vous qui avec sur ce je nous mais au plus comment du sont votre cette ou être mon quelle",
  es: "de la en a el los las que y es una por para con del no se como más pero su está qué al lo muy mi puede ser este cómo son hay yo",
  pt: "de a o os as que e é um uma para com não do da em se por mais como você está no na mas são ao isso meu qual ser ele eu",
  it: "la il che di è un una per non con sono del della i gli le si come più ma nel questo mi perché anche alla cosa ho quale essere dei lo",
  nl: "de het een en van is dat niet ik je met voor op zijn te aan er maar hoe wat ook kan naar om deze wordt bij mijn heb uit wij",
  sv: "och att det som en är på för inte av med till jag den har ett om kan hur men vad du från var eller vi mig när ska din",
  da: "og at det er en på til af for ikke jeg med den der et har som hvad du hvordan kan men om fra vi hvis mig eller skal nogle din",
  fi: "ja on ei että se en mitä minä hän ovat kuin mutta tai voi olla miten kun jos sen minun tämä niin mikä ole myös hyvä kanssa tämän sitä jotka",
  pl: "i w nie na się że jest do to z jak co ale po czy dla tak przez od mnie jestem są tego być które oraz może jako przy mi",
  cs: "a je se v na že to s co jak ale pro za jsem do si by být jsou které nebo není tak mi při jako když už proč jeho ve",
  ro: "și de a în la cu pe este nu un o să ce pentru din mai sunt care că îmi cum fi sau prin dar am acest fără te poate",
  hu: "a az és hogy nem egy is van meg de ez ha mi vagy mint csak már kell azt volt lehet hogyan én ezt nagyon mert milyen után még lesz",
  tr: "ve bir bu için ile da de ne mi çok olarak daha gibi ben var kadar nasıl değil olan ama en sonra bana ya her o ki mı şey",
  id: "yang dan di untuk dengan ini itu dari tidak saya adalah pada akan bisa ke apa anda dalam atau juga ada karena kita bagaimana oleh lebih sudah mereka agar seperti",
  vi: "và của là có không cho được một các với trong tôi những này bạn người để như đã khi thì làm về ra cũng từ nào đến nhưng gì",
  ru: "и в не на что я с как это по но из у за так вы от для мы он же все бы мне было только его или если",
  uk: "і в не на що я з як це до та у але за ви від для ми він є все мені було або його якщо про ще цей так",
  bg: "и в не на се да е за от с как това по но аз са ще ли което има към му при много какво или той бъде те ми",
  sr: "и у не на се да је за од са како то али ја су ће ли што има ми или шта за био ово бити који јер где смо",
  fa: "و در به از که این را با است برای آن یک تا می من ما هم چه بر شما خود او باید اگر شده کرد یا هر نیست کنید",
  ur: "اور کے میں ہے کی سے کا کو یہ کہ نے پر ہیں کر اس کیا ایک بھی نہیں تو تھا جو وہ ہو آپ مجھے گیا لیے ساتھ اپنے",
  ar: "في من على أن إلى ما هذا لا هو مع التي هل كيف هذه كان عن أو الذي كل قد بعد لم أنا بين هي ذلك إذا يمكن أي أنت",
  hi: "के है में की और को से का यह एक पर हैं नहीं ने भी कि मैं क्या कर इस हो था आप लिए तो जो कैसे मुझे वह या",
  mr: "आणि आहे मी या हे तो आहेत होते नाही काय एक ला मध्ये तर पण करा झाले त्या आपण कसे मला ते का असे केले आम्ही की होता साठी त्यांनी",
};

/** Which words are asked where a script is shared. */
const SHARING: Readonly<Record<string, readonly string[]>> = {
  en: "en de fr es pt it nl sv da fi pl cs ro hu tr id vi".split(" "),
  ru: ["ru", "uk", "bg", "sr"],
  ar: ["ar", "fa", "ur"],
  hi: ["hi", "mr"],
};

/** Letters that only one of those who share a script has, for texts without frequent words. */
const LETTERS: Readonly<Record<string, readonly (readonly [letters: RegExp, language: string])[]>> =
  {
    ru: [
      [/[\u0456\u0457\u0454\u0491]/i, "uk"],
      [/[\u0452\u045B\u0459\u045A\u045F\u0458]/i, "sr"],
      [/[\u044B\u044D\u0451]/i, "ru"],
    ],
    ar: [
      [/[\u0679\u0688\u0691\u06BA\u06D2]/, "ur"],
      [/[\u067E\u0686\u0698\u06AF]/, "fa"],
      [/[\u0629\u0649]/, "ar"],
    ],
  };
const BY_LETTER = 0.6;

/** Languages by frequent word. */
const BY_WORD = new Map<string, string[]>();
for (const [language, words] of Object.entries(WORDS)) {
  for (const word of words.split(" ")) {
    BY_WORD.set(word, [...(BY_WORD.get(word) ?? []), language]);
  }
}

/** All that are told apart (ISO 639-1). */
export const LANGUAGES: readonly string[] = [
  ...new Set([...SCRIPTS.map(([, language]) => language), ...Object.keys(WORDS)]),
].toSorted();

/** More of a text says no more about its language. */
const MOST_READ = 4000;
const LEAST_LETTERS = 12;
/** Words of a text that are frequent ones, in its own language: a fifth at the least in prose. */
const LEAST_SHARE = 0.12;

/**
 * Guesses a text's language: by its script, and where several languages share it by their frequent words
 * (26 of them so). Undefined where it is too short or too mixed to tell, as code is. Reads 4,000
 * characters at the most; about 20 µs.
 */
export function guessLanguage(text: string): GuessedLanguage | undefined {
  const ranked = rank(text);
  const [first, second] = ranked.languages;
  return first && before(first, second, ranked);
}

type Counted = Ranked["languages"][number];

function before(
  first: Counted,
  other: Counted | undefined,
  { share, trust }: Ranked,
): GuessedLanguage {
  const lead = 1 - (other?.count ?? 0) / first.count;
  return { language: first.language, confidence: lead * share * trust };
}

interface Ranked {
  /** Of the letters that are of the script, 0 to 1. */
  readonly share: number;
  /** How much what the languages were told by is worth, 0 to 1. */
  readonly trust: number;
  /** The most likely first; none where the text does not say it. */
  readonly languages: readonly { readonly language: string; readonly count: number }[];
  readonly script: string | undefined;
}

function rank(text: string): Ranked {
  const read = text.slice(0, MOST_READ).normalize("NFC");
  const [script, share] = scriptOf(read);
  if (script === undefined) return { script, share, trust: 0, languages: [] };
  const sharing = SHARING[script];
  if (!sharing) return { script, share, trust: 1, languages: [{ language: script, count: 1 }] };
  const words = read.toLowerCase().match(/[\p{L}\p{M}]+/gu) ?? [];
  const languages = countsOf(words, new Set(sharing));
  const [first] = languages;
  if (first && first.count >= 2 && first.count / words.length >= LEAST_SHARE) {
    return { script, share, trust: 1, languages };
  }
  const known = LETTERS[script]?.find(([letters]) => letters.test(read));
  const only = known ? [{ language: known[1], count: 1 }] : [];
  return { script, share, trust: BY_LETTER, languages: only };
}

/** The script of most letters, and its share of them. Japanese writes Chinese letters, too. */
function scriptOf(text: string): [script: string | undefined, share: number] {
  const counts = SCRIPTS.map(([script, name]) => ({
    name,
    count: text.match(script)?.length ?? 0,
  }));
  const letters = counts.reduce((sum, { count }) => sum + count, 0);
  const kana = counts[0]?.count ?? 0;
  const most = counts.reduce((a, b) => (b.count > a.count ? b : a));
  if (
    letters < (most.name === "zh" || most.name === "ja" || most.name === "ko" ? 4 : LEAST_LETTERS)
  ) {
    return [undefined, 0];
  }
  if (most.name === "zh" && kana * 10 > most.count) return ["ja", (most.count + kana) / letters];
  return [most.name, most.count / letters];
}

/** How often each language's words are there, the most frequent first. A word of several counts for each a little. */
function countsOf(words: readonly string[], sharing: ReadonlySet<string>) {
  const counts = new Map<string, number>();
  for (const word of words) {
    const languages = BY_WORD.get(word)?.filter((one) => sharing.has(one)) ?? [];
    for (const language of languages) {
      counts.set(language, (counts.get(language) ?? 0) + 1 / Math.sqrt(languages.length));
    }
  }
  return Array.from(counts, ([language, count]) => ({ language, count })).toSorted(
    (a, b) => b.count - a.count,
  );
}

/** The detector; its findings have the language behind it. */
export const LANGUAGE = "custom.language";
const CLEAR = 0.3;
/** Code is written in it, and names everywhere: its letters alone say nothing. */
const LATIN = "en";

/** Finds texts that are clearly in another language than these (ISO 639-1). One finding for the whole text. */
export function createLanguageRule(allowed: readonly string[]): Detector {
  return {
    name: LANGUAGE,
    category: "custom",
    inspect(text) {
      const guess = otherThan(allowed, text);
      if (!guess || guess.confidence < CLEAR) return [];
      const { language, confidence } = guess;
      const detector = `custom.language_${language}`;
      return [{ detector, category: "custom", start: 0, end: text.length, confidence }];
    },
  };
}

/** What the text is written in, and how clearly before the nearest that is allowed. */
function otherThan(allowed: readonly string[], text: string): GuessedLanguage | undefined {
  const ranked = rank(text);
  const { script, languages } = ranked;
  if (script === undefined) return undefined;
  const [first = { language: script, count: 0 }] = languages;
  const sharing = SHARING[script] ?? [script];
  // Nobody who is allowed writes these letters.
  if (script !== LATIN && !sharing.some((one) => allowed.includes(one))) {
    return { language: first.language, confidence: ranked.share };
  }
  if (first.count === 0 || allowed.includes(first.language)) return undefined;
  const nearest = languages.find(({ language }) => allowed.includes(language));
  return before(first, nearest, ranked);
}

export interface LanguageWatch {
  /** The next piece of an answer; at most one finding, as soon as it is sure. */
  push(text: string): readonly Finding[];
  /** No more will come. */
  end(): readonly Finding[];
}

/** Characters of an answer at which it is looked at first; then at twice as many each time. */
const FIRST_LOOK = 120;
const SURE = 0.8;
const NONE: readonly Finding[] = [];

/** Watches one answer for the language that it is in. */
export function openLanguageWatch(rule: Detector): LanguageWatch {
  let read = "";
  let next = FIRST_LOOK;
  let isOver = false;
  const look = (least: number): readonly Finding[] => {
    const found = rule.inspect(read).filter(({ confidence }) => confidence >= least);
    isOver ||= found.length > 0;
    return found;
  };
  return {
    push(text) {
      if (isOver || read.length >= MOST_READ) return NONE;
      read += text;
      if (read.length < next) return NONE;
      while (next <= read.length) next *= 2;
      return look(SURE);
    },
    end: () => (isOver ? NONE : look(0)),
  };
}
