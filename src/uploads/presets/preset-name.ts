/** What presets may be called: part of an address, and easily said. */
export const PRESET_NAME = /^[a-z0-9][a-z0-9_-]{0,39}$/;

/** Whether a preset can have this name. */
export function isPresetName(name: string): boolean {
  return PRESET_NAME.test(name);
}
