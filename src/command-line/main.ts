import { readArguments, USAGE, UsageError } from './arguments.js';
import { check } from './check.js';
import { Refusal, ServiceAway } from './client.js';
import { compress } from './compress.js';

/** What the program ends with; the same for each command. */
const EXIT = { done: 0, refused: 1, imagesFailed: 2 } as const;

// The state stays where it is, and the service ends with its channel.
process.on('SIGINT', () => {
  console.error('\nStopped. The same command goes on where this one was.');
  process.exit(130);
});
try {
  process.exitCode = EXIT[await run(process.argv.slice(2))];
} catch (error) {
  const isExplained = [Refusal, ServiceAway, UsageError].some((kind) => error instanceof kind);
  console.error(isExplained ? (error as Error).message : error);
  process.exitCode = EXIT.refused;
}

async function run(words: string[]): Promise<keyof typeof EXIT> {
  const wish = readArguments(words);
  if (wish.command === 'help') {
    console.log(USAGE);
    return 'done';
  }
  return wish.command === 'check' ? check(wish) : compress(wish);
}
