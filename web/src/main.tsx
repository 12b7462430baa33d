import { render } from 'preact';
import { App } from './shell/app.tsx';
import { applyTheme } from './shell/theme.ts';
import { learnRole } from './state/role.ts';
import { followAddress } from './state/route.ts';
import './styles/base.css';
import './styles/parts.css';
import './styles/pages.css';
import './styles/results.css';
import './styles/rows.css';
import './styles/webhooks.css';

applyTheme();
followAddress();
void learnRole();
render(<App />, document.getElementById('app')!);
