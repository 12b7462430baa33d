const STORED_AS = 'image-processing.single-keys';

/** Whether a letter alone does something, as the user has chosen in this browser: a spoken word presses its letters, too. */
export function hasSingleKeys(): boolean {
  return localStorage.getItem(STORED_AS) !== 'off';
}

export function rememberSingleKeys(isOn: boolean): void {
  localStorage.setItem(STORED_AS, isOn ? 'on' : 'off');
}
