/** What whoever has the file can do about a broken rule, by its code; `limit` is what stands last in the rule. */
const ADVICE = {
  too_small: (limit) => `Use a picture whose longer side has at least ${limit} pixels.`,
  too_narrow: (limit) => `Use a picture at least ${limit} pixels wide.`,
  too_low: (limit) => `Use a picture at least ${limit} pixels high.`,
  too_large: () => 'Choose a smaller size for the file.',
  too_many_pixels: () => 'Choose a smaller size for the file.',
  too_many_bytes: () => 'Choose a smaller size or a lower quality for the file.',
  quality_too_low: (limit) => `Choose a quality of at least ${limit} for the file.`,
  wrong_format: () => 'Choose a format that the shop takes.',
  wrong_shape: (limit) => `Choose a canvas of ${limit} for the file, or use a picture of that shape.`,
  not_on_white: () => 'Make the picture smaller first, or use another one.',
  address_not_taken: () => 'Choose short names for the images, of plain letters, digits and hyphens.',
} satisfies Record<string, (limit: string) => string>;

/** What an output breaks, as a code. */
export type BrokenRule = keyof typeof ADVICE;

/** What to do about the rules that a result breaks (`brokenRules`), each thing once. */
export function rulesAdvice(rules: string[]): string {
  const advice = rules.map((rule) => {
    const [code] = rule.split(':');
    return ADVICE[code as BrokenRule](rule.slice(rule.lastIndexOf(' ') + 1));
  });
  return [...new Set(advice)].join(' ');
}
