import { availableParallelism } from 'node:os';

/**
 * Our environment, for a process of the service. These variables are read before any JavaScript runs, so the process that
 * starts it must set them (docs/hazards.md). What is set already stays.
 */
export function processEnvironment(): NodeJS.ProcessEnv {
  const { env } = process;
  const encoders = Number(env.CONCURRENCY) || availableParallelism() + 1; // as src/config/settings.ts
  return {
    UV_THREADPOOL_SIZE: String(encoders + 16), // encoders, and the file and name look-ups that must not wait for them
    MALLOC_ARENA_MAX: '2', // halves the memory that glibc keeps
    MALLOC_MMAP_THRESHOLD_: '16777216', // what is larger goes back to the system at once, not only up to 32 MB
    MALLOC_TRIM_THRESHOLD_: '33554432', // else the setting above makes it 128 KB: each image would ask for its memory anew
    // The AWS SDK says at each start that its versions of 2027 will need Node 22.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    ...env,
  };
}

/** The key that the command line sends to a running service; null where `API_KEY` is not set. */
export function clientKey(): string | null {
  return process.env.API_KEY || null;
}

/** How to log before the settings are read, and where no application is made. */
export function earlyLogging(): { LOG_LEVEL: 'info'; LOG_FORMAT: 'text' | 'json' } {
  return { LOG_LEVEL: 'info', LOG_FORMAT: process.env.LOG_FORMAT === 'json' ? 'json' : 'text' };
}
