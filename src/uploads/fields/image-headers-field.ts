import { AppError } from '../../errors/app-error.js';
import { type HostHeaders, hostKey, OWN_HEADERS } from '../../outbound/download/host-headers.js';

const MAX_LENGTH = 16_384;
const MAX_HOSTS = 50;
const MAX_VALUE_LENGTH = 4_096;

/** What HTTP allows in a value, without what could begin another header. */
const VALUE = /^[\t\x20-\x7e]*$/;

/**
 * The field `headers` of an upload: a JSON object of hosts, each with an object of headers. Null where it is not given, or empty.
 * @throws AppError `INVALID_PARAMETER`; its texts name hosts and headers, never a value
 */
export function readImageHeaders(field: unknown): HostHeaders | null {
  if (field === undefined || field === '') return null;
  if (typeof field !== 'string') throw invalid('headers must be given once');
  if (field.length > MAX_LENGTH) throw invalid(`headers must have at most ${MAX_LENGTH} characters`);
  const hosts = Object.entries(asObject(parsed(field), 'headers must be a JSON object of hosts'));
  if (hosts.length > MAX_HOSTS) throw invalid(`headers must name at most ${MAX_HOSTS} hosts`);
  if (hosts.length === 0) return null;
  return Object.fromEntries(
    hosts.map(([host, headers]) => {
      const key = hostKey(host);
      if (key === null) throw invalid('a name in headers is not a host such as images.example.com');
      return [key, headersOf(key, headers)];
    }),
  );
}

function headersOf(host: string, given: unknown): Record<string, string> {
  const headers = Object.entries(asObject(given, `the headers of ${host} must be an object`));
  return Object.fromEntries(
    headers.map(([name, value]) => {
      const known = OWN_HEADERS.find((header) => header === name.toLowerCase());
      if (!known) throw invalid(`headers must be Referer, Authorization, Cookie or User-Agent (${host})`);
      if (typeof value !== 'string' || value.length > MAX_VALUE_LENGTH || !VALUE.test(value))
        throw invalid(
          `the value of ${known} for ${host} must be text of at most ${MAX_VALUE_LENGTH} ASCII characters`,
        );
      return [known, value.trim()];
    }),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid('headers must be JSON, such as {"images.example.com": {"Authorization": "Bearer …"}}');
  }
}

function asObject(value: unknown, message: string): object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(message);
  return value;
}

function invalid(message: string): AppError {
  const sentence = `${message[0].toUpperCase()}${message.slice(1)}.`;
  return new AppError('INVALID_PARAMETER', sentence, { details: [{ field: 'headers', message }] });
}
