/**
 * Words by which text is known again when it was turned round, shifted or robbed of its spaces:
 * the commonest words of English and those that orders to a model are made of.
 */
export const VOCABULARY: readonly string[] = (
  "the and you that this with for are not have what your from they will all any can but his her had " +
  "was one out about which when there their would could should other than then them these some into " +
  "only over just like how who why where here now new more also been were does did has its our me my " +
  "we he she it is to of in on as at by or do if so no up an be us go " +
  "ignore disregard forget override bypass previous prior above earlier following instruction instructions " +
  "prompt prompts rule rules guideline guidelines system message messages developer assistant user human " +
  "reveal show print repeat tell give write say output answer respond reply explain translate send open " +
  "delete forward call run execute stop follow obey pretend act behave become never always must please " +
  "without every everything anything nothing instead first before after word words text hidden secret " +
  "password key token access code admin mode enabled filter filters restriction restrictions limits policy " +
  "safety ethical unrestricted uncensored jailbreak free model language make build bomb hack steal malware " +
  "email address phone number credit card data file files link click page website document table list " +
  "information question story game character role play step steps exactly verbatim full entire initial " +
  "original confidential private conversation context task command commands directive directives said told given"
).split(" ");

const LONGEST = Math.max(...VOCABULARY.map(({ length }) => length));
const KNOWN = new Set(VOCABULARY);

/** Whether one of these is a word of three letters or more that everybody uses. */
export function hasKnownWord(words: Iterable<string>): boolean {
  for (const word of words) if (word.length > 2 && KNOWN.has(word)) return true;
  return false;
}

/**
 * Puts spaces back between words that were run together, longest known word first; what is not
 * known stays joined. Linear: at each place at most as many tries as the longest word has letters.
 */
export function segment(run: string): string {
  const words: string[] = [];
  let unknown = "";
  for (let at = 0; at < run.length;) {
    const word = knownAt(run, at);
    if (word === "") {
      unknown += run.charAt(at++);
      continue;
    }
    if (unknown !== "") words.push(unknown);
    unknown = "";
    words.push(word);
    at += word.length;
  }
  if (unknown !== "") words.push(unknown);
  return words.join(" ");
}

/** Words of one letter or two are taken only where nothing longer fits, and not inside other words. */
function knownAt(run: string, at: number): string {
  for (let length = Math.min(LONGEST, run.length - at); length >= 2; length--) {
    const word = run.slice(at, at + length);
    if (KNOWN.has(word)) return word;
  }
  return "";
}
