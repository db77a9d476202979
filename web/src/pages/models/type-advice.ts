/** What the bits of a type mean for somebody who has to choose one. */
export interface TypeGroup {
  readonly title: string;
  readonly advice: string;
  readonly includes: (type: string) => boolean;
}

export const TYPE_GROUPS: readonly TypeGroup[] = [
  {
    title: "16 bits and more",
    advice: "An original to start from. F16 holds nearly all; BF16 is for models trained in it.",
    includes: (type) => /^(F16|BF16|F32)$/.test(type),
  },
  {
    title: "8 bits",
    advice: "As good as the original, in half of its size.",
    includes: (type) => type.startsWith("Q8"),
  },
  {
    title: "5 to 6 bits",
    advice: "Little is lost. A good choice for small models.",
    includes: (type) => /^Q[56]/.test(type),
  },
  {
    title: "4 bits",
    advice: "The usual choice from 7 billion parameters on; of these, Q4_K_M first.",
    includes: (type) => type.startsWith("Q4"),
  },
  {
    title: "2 to 3 bits",
    advice: "Only where nothing else fits: answers become noticeably worse.",
    includes: (type) => /^Q[23]/.test(type),
  },
];
