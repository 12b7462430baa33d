const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const STORED_AS = 'image-processing.theme';

/** As a button changes them: from the system's own first to the other ones, so that something is seen. */
export function themesInTurn(): Theme[] {
  const isDark = matchMedia('(prefers-color-scheme: dark)').matches;
  return isDark ? ['system', 'light', 'dark'] : ['system', 'dark', 'light'];
}

/** The colours that the user has chosen in this browser. */
export function chosenTheme(): Theme {
  const stored = localStorage.getItem(STORED_AS);
  return THEMES.find((theme) => theme === stored) ?? 'system';
}

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(STORED_AS, theme);
  applyTheme();
}

/** The style sheet does the rest. */
export function applyTheme(): void {
  document.documentElement.dataset.theme = chosenTheme();
}
