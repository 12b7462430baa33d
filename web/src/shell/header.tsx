import { useState } from 'preact/hooks';
import icon from '../icon.svg';
import { IconButton } from '../parts/icon-button.tsx';
import { useStore } from '../state/store.ts';
import { texts } from '../texts.ts';
import { chooseTheme, chosenTheme, type Theme, themesInTurn } from './theme.ts';

/** The name of the page, the ways through it, and the switch of colours. */
export function Header() {
  const view = useStore(({ route }) => route.view);
  const isNew = view === 'start' || view === 'preview';
  return (
    <header class="header">
      <a class="brand" href="#/">
        <img src={icon} alt="" width="28" height="28" />
        <span class="brand-name">{texts.name}</span>
      </a>
      <nav aria-label={texts.nav.label}>
        <a href="#/" aria-current={isNew ? 'page' : undefined}>
          {texts.nav.start}
        </a>
        <a
          href="#/requests"
          aria-current={view === 'history' ? 'page' : view === 'request' ? 'true' : undefined}
        >
          {texts.nav.history}
        </a>
        <a href="#/webhooks" aria-current={view === 'webhooks' ? 'page' : undefined}>
          {texts.nav.webhooks}
        </a>
        <a href="/docs">{texts.nav.api}</a>
        <ThemeSwitch />
      </nav>
    </header>
  );
}

/** Each click chooses the next colours. */
function ThemeSwitch() {
  const [theme, setTheme] = useState<Theme>(chosenTheme);
  const order = themesInTurn();
  const next = order[(order.indexOf(theme) + 1) % order.length];
  const choose = (): void => {
    chooseTheme(next);
    setTheme(next);
  };
  const label = `${texts.nav.theme}: ${texts.themes[theme]}`;
  return <IconButton icon={theme} label={label} act={choose} />;
}
