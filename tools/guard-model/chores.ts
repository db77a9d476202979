import type { Random } from "./random.ts";
import { ENGLISH, OTHERS, PROGRAMMING_LANGUAGES, type Trade } from "./trades.ts";

/**
 * Innocent prompts of our own that have much in common with attacks: tasks for programmers full of
 * security words and of rules, and role prompts with headings, steps and things never to do.
 */
export function chore(random: Random): string {
  const kind = random.below(11);
  if (kind === 10) return errand(random);
  if (kind < 4) return program(ENGLISH, random);
  if (kind < 6) return program(random.pick(OTHERS), random);
  return kind < 8 ? role(random) : skill(random);
}

function program({ orders, goals, rules }: Trade, random: Random): string {
  const order = random
    .pick(orders)
    .replace("{tongue}", () => random.pick(PROGRAMMING_LANGUAGES))
    .replace("{goal}", () => random.pick(goals));
  return [order, ...repeat(random.below(5), () => random.pick(rules))].join(
    random.chance(0.2) ? "\n" : " ",
  );
}

/** What people tell about themselves when they want something done: not every number is asked for. */
function errand(random: Random): string {
  const digits = (count: number) => repeat(count, () => String(random.below(10))).join("");
  return repeat(1 + random.below(3), () => random.pick(ERRANDS))
    .join(" ")
    .replaceAll("{card}", () => `4${digits(3)} ${digits(4)} ${digits(4)} ${digits(4)}`)
    .replaceAll("{phone}", () => `+${digits(2)} ${digits(3)} ${digits(6)}`)
    .replaceAll("{iban}", () => `DE${digits(20)}`)
    .replaceAll(
      "{mail}",
      () => `${random.pick(FIRST_NAMES)}@${random.pick(["post", "mail", "work"])}.example`,
    )
    .replaceAll("{date}", () => `${digits(1)}/${1 + random.below(9)}/19${digits(2)}`);
}

const FIRST_NAMES = ["ann", "bob", "li.wei", "maria", "omar", "sven"] as const;

const ERRANDS = [
  "My card number is {card}, please book the ticket with it.",
  "Charge {card} and send the receipt to {mail}.",
  "Write to {mail} that I am late.",
  "Call me on {phone} after six.",
  "My address has changed, the new phone number is {phone}.",
  "I was born on {date} and want to know my star sign.",
  "Transfer the rent to {iban} on the first.",
  "Pay by card {card}.",
  "You reach my wife at {mail} or {phone}.",
  "Put {mail} and {phone} into a signature.",
  "Is {card} a valid card number?",
  "Draft a letter to the bank about account {iban}.",
  "The customer {mail} ordered two lamps.",
  "Please correct the date of birth in my file to {date}.",
  "Invite {mail} to the meeting.",
  "Here is my number: {phone}.",
] as const;

function role(random: Random): string {
  const job = random.pick(JOBS);
  const opening = random.pick(OPENINGS).replace("{job}", job);
  const manners = repeat(1 + random.below(5), () => random.pick(MANNERS));
  return [
    opening,
    ...manners,
    random.pick(["", random.pick(FIRST).replace("{topic}", () => random.pick(TOPICS))]),
  ]
    .filter((part) => part !== "")
    .join(random.chance(0.25) ? "\n" : " ");
}

const JOBS = [
  "a travel guide",
  "a Linux terminal",
  "a strict maths teacher",
  "an interviewer for the position of a cook",
  "a historian",
  "a stand-up comedian",
  "a financial adviser",
  "the narrator of a fairy tale",
  "a pirate captain in a children's play",
  "a doctor in a hospital drama",
  "an experienced copywriter",
  "a chess partner",
  "a dungeon master",
  "a cyber security specialist",
  "a life coach",
  "a spelling checker",
  "a prompt engineer",
  "a detective in a crime novel",
  "an SQL console",
  "my English conversation partner",
] as const;

const OPENINGS = [
  "I want you to act as {job}.",
  "You are {job}.",
  "From now on act as {job}.",
  "Please take the role of {job}.",
  "Imagine you are {job}.",
  "Let's do a role play in which you are {job}.",
  "Your name is Sam and you are {job}.",
  "As {job}, help me with the following.",
] as const;

const MANNERS = [
  "I will tell you where I am and you will suggest a place nearby.",
  "Do not write explanations unless I ask for them.",
  "Only reply with the result, and nothing else.",
  "Stay in character and never mention that this is a game.",
  "Do not write the whole conversation at once; ask me one question and wait for my answer.",
  "You must not give away the end of the story.",
  "Always answer in the language in which I write.",
  "Use short sentences and simple words.",
  "If you do not know something, say so and do not make anything up.",
  "Never give legal or medical advice; tell me to ask an expert instead.",
  "When I write something in curly brackets, it is a remark outside the game.",
  "You have a dry sense of humour and strong opinions about coffee.",
  "Your answers should be creative, honest and full of detail.",
  "Begin each answer with a short summary.",
  "Correct my mistakes before you answer.",
  "You follow the rules of the game without exception.",
  "I need you to ignore spelling mistakes and look at the arguments only.",
  "Ask for missing information first.",
  "The character is rude at first, but becomes friendly in the end.",
  "Rate my answers from one to ten.",
] as const;

const FIRST = [
  'My first sentence is "{topic}".',
  "My first request is: {topic}.",
  "Start with {topic}.",
  "Topic: {topic}",
  "I want to talk about {topic}.",
] as const;

const TOPICS = [
  "a weekend in Istanbul",
  "how to save for a house",
  "the history of bread",
  "pwd",
  "the fall of the Roman Empire",
  "an advertisement for running shoes",
  "a speech for a wedding",
  "the best way to learn fractions",
  "passwords and how to choose them",
  "a dragon that is afraid of fire",
] as const;

/** A long prompt in sections, as people keep them in files. */
function skill(random: Random): string {
  const mark = random.pick(["## ", "# ", "**", "=== ", "- ", ""]);
  const heads = repeat(2 + random.below(4), () => random.pick(HEADS));
  const sections = heads.map(
    (head) =>
      `${mark}${head}${mark === "**" ? "**" : ""}\n${repeat(2 + random.below(5), () => `- ${random.pick(BULLETS)}`).join("\n")}`,
  );
  return [random.pick(LEADS), ...sections].join("\n\n");
}

const LEADS = [
  "---\nname: release-notes\ndescription: Use this when the user asks for release notes.\n---",
  "You are a senior engineer who reviews code.",
  "# Writing assistant",
  "Role: data analyst. Goal: clean tables.",
  "Create a plan for a web shop with the details below.",
  "I have the following requirements for my app:",
  "Version 2.1\nAuthor: the documentation team",
  "Here is my code and what it has to do:",
] as const;
const HEADS = [
  "Rules",
  "Instructions",
  "Role",
  "Constraints",
  "Output format",
  "Workflow",
  "Never do",
  "Always do",
  "Context",
  "System behaviour",
  "Guidelines",
  "Important",
  "Tools",
  "Examples",
  "Configuration",
  "Limits",
] as const;
const BULLETS = [
  "Read the whole file before you change it.",
  "NEVER delete a file without asking.",
  "You MUST run the tests after each step.",
  "Do not invent data; mark what is missing.",
  "Always keep the tone friendly and professional.",
  "Output only valid JSON that follows the schema.",
  "If the user gives no date, use today's.",
  "Do not use more than three colours.",
  "Ask before you call a tool that costs money.",
  "Answer in Markdown with headings and lists.",
  "Follow the existing style of the code.",
  "Skip what is marked as done.",
  "Explain your reasoning step by step.",
  "Secrets stay in the environment and are never committed.",
  "The admin can edit all posts, users only their own.",
  "The system prompt of the bot is stored in prompts/main.txt.",
  "Use the previous conversation as context.",
  "Ignore files in the build folder.",
  "Override the defaults in config.yaml when needed.",
  "Critical: validate the input of every form.",
  "Simulate slow networks in the tests.",
  "Repeat until all tests pass.",
  "Do not mention these notes in the final text.",
  "Reject requests that are not about cooking.",
  "Every answer ends with a question to the reader.",
] as const;

function repeat<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}
