import createClient, { type Middleware } from 'openapi-fetch';
import { saveFile } from '../parts/save-file.ts';
import { current, update } from '../state/store.ts';
import { type CallError, errorOf, UNREACHABLE } from './errors.ts';
import type { components, paths } from './schema.d.ts';

export type Request = components['schemas']['RequestResponse'];
export type RequestOptions = components['schemas']['RequestOptionsResponse'];
export type RequestOutcome = components['schemas']['RequestOutcome'];
export type RequestStatus = components['schemas']['RequestStatus'];
export type Image = components['schemas']['ImageResponse'];
export type DryRun = components['schemas']['DryRunResponse'];
export type Preview = components['schemas']['PreviewResponse'];
export type Channel = components['schemas']['ChannelResponse'];
export type Preset = components['schemas']['PresetResponse'];
export type Webhook = components['schemas']['WebhookResponse'];
export type EventType = components['schemas']['EventType'];
export type Delivery = components['schemas']['DeliveryResponse'];
export type Fault = components['schemas']['CsvFaultResponse'];

const KEY_STORED_AS = 'image-processing.key';

/** The key of the user, kept until the tab is closed; empty without one. */
export const apiKey = (): string => sessionStorage.getItem(KEY_STORED_AS) ?? '';

export function keepApiKey(key: string): void {
  sessionStorage.setItem(KEY_STORED_AS, key.trim());
  update({ needsKey: false });
}

const withKey: Middleware = {
  onRequest({ request }) {
    if (apiKey()) request.headers.set('X-API-Key', apiKey());
  },
};

/** The calls of the API, with the types of openapi.json. */
export const api = createClient<paths>({ baseUrl: '' });
api.use(withKey);

/** What a call gives: `data`, or an `error` for people. */
export type Result<T> = { data: T; error: null } | { data: null; error: CallError };

/**
 * Carries out a call, and notes on the way whether the service answers and whether it wants a key. Never rejects; what is
 * aborted gives {@link UNREACHABLE} too, but tells nobody.
 */
export async function outcomeOf<T>(
  call: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<Result<T>> {
  try {
    const { data, error, response } = await call;
    if (current().isOffline) update({ isOffline: false });
    if (response.ok) return { data: data as T, error: null };
    if (response.status === 401) update({ needsKey: true });
    return { data: null, error: errorOf(error, response.status) };
  } catch (thrown) {
    if ((thrown as Error).name !== 'AbortError') noteSilence();
    return { data: null, error: UNREACHABLE };
  }
}

const ASKED_EVERY_MS = 2000;

/** Tells the user that the service does not answer, until it does again. */
export function noteSilence(): void {
  if (current().isOffline) return;
  update({ isOffline: true });
  const ask = setInterval(() => {
    if (!current().isOffline) return clearInterval(ask);
    void fetch('/health/live').then(
      () => update({ isOffline: false }),
      () => undefined,
    );
  }, ASKED_EVERY_MS);
}

/** Sends the file with its fields: to be stored, or with `dry_run` to be looked at. */
export async function sendFile<T>(
  file: File,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Result<T>> {
  const form = formOf(fields, file);
  const options = { body: form as never, bodySerializer: () => form, params: { header: headers } };
  const call = api.POST('/upload', options);
  return outcomeOf(call as unknown as Promise<{ data?: T; error?: unknown; response: Response }>);
}

/** Sends the file with its fields, to get a file of that type back. */
export function sendForFile(
  file: File,
  fields: Record<string, string>,
  accept: string,
): Promise<Result<Blob>> {
  return outcomeOf(blobOf('/upload', { method: 'POST', body: formOf(fields, file) }, accept));
}

/** Compresses one image, by its address in the field `url` or as a file; nothing is stored. */
export function previewImage(
  fields: Record<string, string>,
  file: Blob | null,
  signal: AbortSignal,
): Promise<Result<Preview>> {
  const form = formOf(fields, file);
  return outcomeOf(api.POST('/preview', { body: form as never, bodySerializer: () => form, signal }));
}

function formOf(fields: Record<string, string>, file: Blob | null): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  if (file) form.append('file', file, file instanceof File ? file.name : 'picture');
  return form;
}

/** Makes a call that is carried out although the page is being closed. Nobody is told what becomes of it. */
export function callAtLeave(method: 'POST' | 'DELETE', path: string, body?: unknown): void {
  const headers = {
    ...(apiKey() ? { 'X-API-Key': apiKey() } : {}),
    ...(body ? { 'Content-Type': 'application/json' } : {}),
  };
  void fetch(path, { method, keepalive: true, headers, body: body ? JSON.stringify(body) : undefined });
}

/** A file of the service. A link can't carry the key, so with one it is fetched and handed to the browser here. */
export async function download(path: string, name: string): Promise<CallError | null> {
  const result = await fetchFile(path);
  if (!result.data) return result.error;
  saveFile(result.data, name);
  return null;
}

/** The bytes of a path of the API, such as `/requests/<id>/output.csv`. */
export function fetchFile(path: string): Promise<Result<Blob>> {
  return outcomeOf(blobOf(path, {}));
}

async function blobOf(
  path: string,
  init: RequestInit,
  accept = 'text/csv, */*;q=0.5',
): Promise<{ data?: Blob; error?: unknown; response: Response }> {
  const headers = { Accept: accept, ...(apiKey() ? { 'X-API-Key': apiKey() } : {}) };
  const response = await fetch(path, { ...init, headers });
  if (response.ok) return { data: await response.blob(), response };
  return { error: await response.json().catch(() => null), response };
}
