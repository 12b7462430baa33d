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

/** Causes of causes that are logged: beyond it they repeat themselves. */
const MAX_CAUSES = 3;

/**
 * Logs to the console, without the start-up lines of the framework and without the private parts of errors.
 *
 * `LOG_FORMAT=text` is for people: a line a message, colours in a terminal only. `json` is for programs: an object a line
 * with `timestamp` (ISO 8601, UTC), `level`, `context`, `message`, `pid`, and the fields that the caller gave, as an object
 * behind the message: `request_id`, `call_id` and others. In text they are left out: the message has what people need.
 */
export class AppLogger extends ConsoleLogger {
  constructor({ LOG_LEVEL, LOG_FORMAT }: Pick<Settings, 'LOG_LEVEL' | 'LOG_FORMAT'>) {
    const isJson = LOG_FORMAT === 'json';
    super({
      logLevels: LEVELS[LOG_LEVEL],
      json: isJson,
      flattenParams: true,
      colors: !isJson && Boolean(process.stdout.isTTY),
    });
  }

  /** `main` reports a failed start in one sentence where it can; the framework would add a stack trace. */
  override error(message: unknown, ...rest: unknown[]): void {
    if (rest.at(-1) !== 'ExceptionHandler')
      super.error(this.readable(message), ...(rest.map((value) => this.readable(value)) as [string]));
  }

  override warn(message: unknown, ...rest: unknown[]): void {
    super.warn(this.readable(message), ...(rest.map((value) => this.readable(value)) as [string]));
  }

  override log(message: unknown, ...rest: unknown[]): void {
    if (!FRAMEWORK_CONTEXTS.has(String(rest.at(-1)))) super.log(message, ...(rest as [string]));
  }

  protected override stringifyParams(): string {
    return '';
  }

  protected override getJsonLogObject(
    ...parameters: Parameters<ConsoleLogger['getJsonLogObject']>
  ): ReturnType<ConsoleLogger['getJsonLogObject']> {
    const line = super.getJsonLogObject(...parameters);
    return { ...line, timestamp: new Date(line.timestamp).toISOString() } as unknown as typeof line;
  }

  /** Other properties may hold a whole SQL statement with users' data. */
  protected override serializeError(error: Error): Record<string, unknown> {
    return { name: error.name, message: error.message, stack: stackOf(error) };
  }

  private readable(value: unknown): unknown {
    return value instanceof Error && !this.options.json ? stackOf(value) : value;
  }
}

/** The stack of an error and of what caused it, and no other property. */
function stackOf(error: Error): string {
  const stacks: string[] = [];
  for (let cause: unknown = error; cause instanceof Error && stacks.length <= MAX_CAUSES; cause = cause.cause)
    stacks.push(cause.stack ?? String(cause));
  return stacks.join('\ncaused by ');
}
