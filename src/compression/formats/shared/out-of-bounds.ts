/**
 * Whether the error says that something was read, or points, behind the end of a buffer. By name, since Node's own
 * errors are of another class where a test runs in a context of its own.
 */
export function isOutOfBounds(error: unknown): boolean {
  return (error as Error | undefined)?.name === 'RangeError';
}
