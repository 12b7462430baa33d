/** Shorter names are near to too many others: `NODE`, which npm sets, is one letter away from `MODE`. */
const MIN_LENGTH = 5;

/**
 * Variables that are probably meant as a setting but are misspelt, such as `QUALTY`: one letter is missing, too many, another
 * one, or has changed places with its neighbour. One sentence each, without any value.
 */
export function nearNames(environment: Record<string, string | undefined>, settings: string[]): string[] {
  return Object.keys(environment)
    .filter((name) => name.length >= MIN_LENGTH && !settings.includes(name))
    .flatMap((name) => {
      const meant = settings.find((setting) => setting.length >= MIN_LENGTH && isOneSlipAway(name, setting));
      return meant ? [`${name} is no setting and is ignored; is ${meant} meant?`] : [];
    });
}

function isOneSlipAway(name: string, other: string): boolean {
  let start = 0;
  while (start < name.length && name[start] === other[start]) start++;
  let end = 0;
  const most = Math.min(name.length, other.length) - start;
  while (end < most && name.at(-1 - end) === other.at(-1 - end)) end++;

  const left = name.slice(start, name.length - end);
  const right = other.slice(start, other.length - end);
  const isSwap = left.length === 2 && left[1] + left[0] === right;
  return isSwap || (left.length <= 1 && right.length <= 1);
}
