import { isLoopback } from './loopback.js';
import type { Settings } from './settings.js';

/** Values that stand in for a real one in documents, ours and others'. Everybody knows them. */
const PLACEHOLDER = /change[-_ ]?me|the-same-32-characters/i;

const ANY_ADDRESS = /^(0\.0\.0\.0|\[?::\]?)$/;

/** What is wrong with settings that are each valid: one sentence a fault, without any value. */
export function impossibleMixes(settings: Settings): string[] {
  return [...faultsOfProcesses(settings), ...faultsOfAccess(settings)];
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

function faultsOfProcesses(settings: Settings): string[] {
  const { MODE, DATABASE_URL, REDIS_URL, SECRET_KEY } = settings;
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
  return faults;
}

function faultsOfAccess(settings: Settings): string[] {
  const { HOST, API_KEYS, SECRET_KEY, TRUST_PROXY, publicUrl, servesApi } = settings;
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
  if (TRUST_PROXY.length > 0)
    faults.push('TRUST_PROXY needs API_KEYS: without keys, calls that a proxy passes on are refused.');
  return faults;
}
