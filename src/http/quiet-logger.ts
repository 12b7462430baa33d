import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import type { Settings } from '../config/settings.js';

/** Contexts of the lines that Nest logs about itself at every start. */
const FRAMEWORK_CONTEXTS = new Set([
  'InstanceLoader',
  'RouterExplorer',
  'RoutesResolver',
  'NestFactory',
  'NestApplication',
]);

/** What is logged at each `LOG_LEVEL`, in the words of Nest. */
const LEVELS: Record<Settings['LOG_LEVEL'], LogLevel[]> = {
  error: ['fatal', 'error'],
  warn: ['fatal', 'error', 'warn'],
  info: ['fatal', 'error', 'warn', 'log'],
  debug: ['fatal', 'error', 'warn', 'log', 'debug'],
};

/** Logs to the console, without the start-up lines of the framework and without the private parts of errors. */
export class QuietLogger extends ConsoleLogger {
  constructor(level: Settings['LOG_LEVEL']) {
    super({ logLevels: LEVELS[level], colors: Boolean(process.stdout.isTTY) });
  }

  /** `main` reports a failed start in one sentence where it can; the framework would add a stack trace. */
  override error(message: unknown, ...rest: unknown[]): void {
    if (rest.at(-1) !== 'ExceptionHandler')
      super.error(stackOnly(message), ...(rest.map(stackOnly) as [string]));
  }

  override warn(message: unknown, ...rest: unknown[]): void {
    super.warn(stackOnly(message), ...(rest.map(stackOnly) as [string]));
  }

  override log(message: unknown, ...rest: unknown[]): void {
    if (!FRAMEWORK_CONTEXTS.has(String(rest.at(-1)))) super.log(message, ...(rest as [string]));
  }
}

/** The stack of an error and of its cause. Other properties may hold a whole SQL statement with users' data. */
function stackOnly(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  return value.cause instanceof Error ? `${value.stack}\ncaused by ${value.cause.stack}` : value.stack;
}
