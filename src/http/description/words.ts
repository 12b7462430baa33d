/** Every word of a union type, in this order. One that is missing is a compile error. */
export function wordsOf<Word extends string>(words: Record<Word, true>): Word[] {
  return Object.keys(words) as Word[];
}
