import { api, outcomeOf, type Preset } from '../../api/client.ts';
import type { CallError } from '../../api/errors.ts';
import { texts } from '../../texts.ts';
import { notify } from '../notices.ts';
import { current, update } from '../store.ts';
import { fieldsOf } from './options.ts';

/** Reads the presets. One that was chosen and is gone is chosen no longer. */
export async function listPresets(): Promise<void> {
  const { data } = await outcomeOf(api.GET('/presets'));
  if (!data) return;
  update({ presets: data.items });
  const { options } = current();
  const isThere = data.items.some(({ name }) => name === options.preset);
  if (options.preset !== '' && !isThere) choosePreset('');
}

/** Keeps the options as they are under a name, in the place of others of that name, and chooses it. @returns what was wrong, or null */
export async function keepPreset(typed: string): Promise<CallError | null> {
  const name = typed.trim().toLowerCase().replace(/\s+/g, '-');
  const error = await put(name, fieldsOf(current().options));
  if (error) return error;
  choosePreset(name);
  notify(texts.forms.kept(name));
  return null;
}

/** Deletes a preset; for some seconds it can be taken back. */
export async function deletePreset({ name, options }: Preset): Promise<void> {
  choosePreset(''); // first: pictures of the file are still being looked at with it
  const { error } = await outcomeOf(api.DELETE('/presets/{name}', { params: { path: { name } } }));
  if (error && error.code !== 'PRESET_NOT_FOUND') return void notify(error.message || texts.unreachable);
  await listPresets();
  notify(texts.forms.deleted(name), () => void put(name, options));
}

async function put(name: string, options: object): Promise<CallError | null> {
  const call = api.PUT('/presets/{name}', {
    params: { path: { name } },
    body: { options: options as never },
  });
  const { error } = await outcomeOf(call);
  if (!error) await listPresets();
  return error;
}

function choosePreset(preset: string): void {
  update({ options: { ...current().options, preset } });
}
