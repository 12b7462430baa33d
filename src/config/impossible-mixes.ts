import { isLoopback } from './loopback.js';
import type { Settings } from './settings.js';

/** Values that stand in for a real one in documents, ours and others'. Everybody knows them. */
const PLACEHOLDER = /change[-_ ]?me|the-same-32-characters/i;

const ANY_ADDRESS = /^(0\.0\.0\.0|\[?::\]?)$/;

/** What is wrong with settings that are each valid: one sentence a fault, without any value. */
export function impossibleMixes(settings: Settings): string[] {
  return [...faultsOfProcesses(settings), ...faultsOfStorage(settings), ...faultsOfAccess(settings)];
}

/** What will probably disappoint, although it can work: one sentence each, without any value, for the log at the start. */
export function riskyMixes({ HOST, PUBLIC_URL, servesApi }: Settings): string[] {
  if (PUBLIC_URL) return [];
  if (!servesApi)
    return ['PUBLIC_URL is not set: the URLs in the webhooks of this worker lead to itself, not to the API.'];
  if (ANY_ADDRESS.test(HOST))
    return [
      'PUBLIC_URL is not set, and HOST is no address that clients can call: the URLs of the output lead nowhere.',
    ];
  return [];
}

function faultsOfStorage(settings: Settings): string[] {
  if (settings.S3_BUCKET) return [];
  const given: string[] = (
    ['S3_ENDPOINT', 'S3_REGION', 'S3_PATH_STYLE', 'S3_PREFIX', 'S3_PUBLIC_URL'] as const
  ).filter((name) => settings[name]);
  if (settings.S3_REDIRECTS === 'on') given.push('S3_REDIRECTS');
  return given.map((name) => `${name} needs S3_BUCKET: without it, images are kept in a folder.`);
}

function faultsOfProcesses(settings: Settings): string[] {
  const { MODE, DATABASE_URL, DATABASE_CA, REDIS_URL, SECRET_KEY, SECRET_KEY_PREVIOUS } = settings;
  const faults: string[] = [];
  if (MODE !== 'all' && !REDIS_URL)
    faults.push(`MODE=${MODE} needs REDIS_URL: the in-process queue can't reach another process.`);
  if (MODE !== 'all' && !DATABASE_URL)
    faults.push(`MODE=${MODE} needs DATABASE_URL: the embedded database belongs to one process.`);
  if (REDIS_URL && !DATABASE_URL)
    faults.push('REDIS_URL needs DATABASE_URL: the embedded database belongs to one process.');
  if (DATABASE_URL && !SECRET_KEY)
    faults.push(
      'DATABASE_URL needs SECRET_KEY: every process must read the webhook secrets by the same key.',
    );
  if (DATABASE_CA && !DATABASE_URL)
    faults.push('DATABASE_CA needs DATABASE_URL: the embedded database is a file.');
  if (SECRET_KEY_PREVIOUS && !SECRET_KEY)
    faults.push('SECRET_KEY_PREVIOUS needs SECRET_KEY: it is the key that this one replaces.');
  return faults;
}

function faultsOfAccess(settings: Settings): string[] {
  const { HOST, API_KEYS, CORS_ORIGINS, SECRET_KEY, TRUST_PROXY, publicUrl, servesApi } = settings;
  const faults: string[] = [];
  if (API_KEYS.some((key) => PLACEHOLDER.test(key)))
    faults.push('API_KEYS has a placeholder from a document, which everybody knows: make a key of your own.');
  if (SECRET_KEY && PLACEHOLDER.test(SECRET_KEY))
    faults.push(
      'SECRET_KEY has a placeholder from a document, which everybody knows: make a key of your own.',
    );
  if (!servesApi || API_KEYS.length > 0) return faults;
  if (!isLoopback(HOST))
    faults.push(
      'HOST is not a loopback address, so API_KEYS must be set: without keys the service would be open to everybody.',
    );
  else if (!isLoopback(new URL(publicUrl).hostname))
    faults.push(
      'PUBLIC_URL is not a loopback address, so API_KEYS must be set: without keys the service would be open to everybody.',
    );
  if (!CORS_ORIGINS.every(isOnThisMachine))
    faults.push(
      'CORS_ORIGINS names origins that are not on this machine, so API_KEYS must be set: without keys their pages could do ' +
        'everything.',
    );
  if (TRUST_PROXY.length > 0)
    faults.push('TRUST_PROXY needs API_KEYS: without keys, calls that a proxy passes on are refused.');
  return faults;
}

function isOnThisMachine(origin: string): boolean {
  return origin !== '*' && isLoopback(new URL(origin).hostname);
}
