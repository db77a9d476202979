import { expect, it } from "vitest";
import { createLanguageRule, guessLanguage, openLanguageWatch } from "./language.ts";

it.each([
  ["en", "How do I write a letter to the owner of the house that is next to mine?"],
  ["de", "Wie schreibe ich einen Brief an den Besitzer, wenn das Haus nicht mir gehört?"],
  ["fr", "Comment est-ce que je peux écrire une lettre à la dame qui habite dans cette maison ?"],
  ["es", "¿Cómo puedo escribir una carta para el dueño de la casa que está al lado?"],
  ["pt", "Como você escreve uma carta para o dono da casa que não está aqui?"],
  ["it", "Come si scrive una lettera per il signore che abita nella casa e non è qui?"],
  ["nl", "Hoe schrijf ik een brief aan de eigenaar van het huis dat niet van mij is?"],
  ["sv", "Hur skriver jag ett brev till ägaren av huset som inte är mitt?"],
  ["da", "Hvordan skriver jeg et brev til ejeren af huset, som ikke er mit?"],
  ["fi", "Miten minä voin kirjoittaa kirjeen, kun hän ei ole kotona ja se on tärkeä?"],
  ["pl", "Jak mogę napisać list do właściciela, który nie jest w domu i co dla niego kupić?"],
  ["cs", "Jak mám napsat dopis, když majitel není doma a co se pro něj hodí?"],
  ["ro", "Cum pot să scriu o scrisoare pentru omul care nu este acasă și ce îmi trebuie?"],
  ["hu", "Hogyan lehet egy levelet írni, ha nem tudom, hogy mi az a cím és ez kell?"],
  ["tr", "Bir mektup için ne yazmak daha iyi ve bu nasıl olur, çok uzun değil ama?"],
  ["id", "Bagaimana saya bisa menulis surat untuk orang yang tidak ada di rumah ini?"],
  ["vi", "Làm thế nào để tôi viết một bức thư cho người không có ở nhà và những bạn của họ?"],
  ["ru", "Как мне написать письмо, если его нет дома, и что это за человек?"],
  ["uk", "Як мені написати листа, якщо його немає вдома, і що це за людина є?"],
  ["zh", "我应该怎么给房东写一封信?"],
  ["ja", "大家さんに手紙を書くにはどうすればいいですか"],
  ["ko", "집주인에게 편지를 어떻게 쓰나요"],
  ["ar", "كيف أكتب رسالة إلى صاحب البيت الذي لا أعرفه من قبل"],
  ["fa", "چگونه برای صاحب خانه که در این جا نیست یک نامه بنویسم و به او بدهم"],
  ["hi", "मैं मकान मालिक को पत्र कैसे लिख सकता हूँ जो घर में नहीं है"],
  ["el", "Πώς γράφω ένα γράμμα στον ιδιοκτήτη;"],
  ["he", "איך אני כותב מכתב לבעל הבית"],
  ["th", "ฉันจะเขียนจดหมายถึงเจ้าของบ้านได้อย่างไร"],
])("knows %s", (language, text) => {
  expect(guessLanguage(text)?.language).toBe(language);
});

it("says nothing of what is too short, or is no language", () => {
  for (const text of ["", "ok", "42 + 1", "npm install", "const x = foo(bar, baz); y.z();"]) {
    expect(guessLanguage(text)).toBeUndefined();
  }
});

it("finds what is clearly in a language that is not wanted", () => {
  const rule = createLanguageRule(["en", "de"]);
  expect(rule.inspect("What is the weather in this part of the world?")).toEqual([]);
  expect(rule.inspect("Wie ist das Wetter und was soll ich nicht anziehen?")).toEqual([]);
  expect(rule.inspect("print(x)")).toEqual([]);
  expect(rule.inspect("Как мне написать письмо, если его нет дома?")).toMatchObject([
    { detector: "custom.language_ru", category: "custom", start: 0 },
  ]);
});

it.each<[string, string[], string, boolean]>([
  ["letters that nobody who is allowed writes", ["en"], "Как мне написать письмо другу?", true],
  [
    "a neighbour of another language",
    ["en"],
    "Hur skriver jag ett brev till ägaren av huset?",
    true,
  ],
  [
    "a neighbour of what is allowed",
    ["da"],
    "Han har det, och den är på en bil som du var med",
    false,
  ],
])("is sure of %s", (_, allowed, text, isSure) => {
  const [found] = createLanguageRule(allowed).inspect(text);
  expect((found?.confidence ?? 0) >= 0.8).toBe(isSure);
});

it("knows what an answer is written in when it has gone on for a sentence", () => {
  const watch = openLanguageWatch(createLanguageRule(["en"]));
  const text = "Das ist nicht der Brief, den ich für Sie geschrieben habe. ".repeat(4);
  const found = Array.from(text, (char) => watch.push(char)).flat();
  expect(found).toMatchObject([{ detector: "custom.language_de", end: 120 }]);
  expect(watch.end()).toEqual([]);
  const short = openLanguageWatch(createLanguageRule(["en"]));
  expect(short.push("Das ist nicht der Brief, den ich habe.")).toEqual([]);
  expect(short.end()).toMatchObject([{ detector: "custom.language_de" }]);
});

it("says in what an English text with a foreign name is written", () => {
  const text =
    "The word привет is what they say for hello in this book, and it is not the only one.";
  expect(guessLanguage(text)?.language).toBe("en");
});
