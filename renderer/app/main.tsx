// Entry of the window: styles, the tables' feed, the frame.
import '../bridge/quiet-zod.ts';
import '@fontsource-variable/inter/index.css';
import '@fontsource-variable/jetbrains-mono/index.css';
import './styles/tokens.css';
import './styles/base.css';
import { CSPProvider } from '@base-ui/react/csp-provider';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { startSync } from '../bridge/sync.ts';
import { TipProvider } from '../kit/tip.tsx';
import { followHash } from '../store/view.ts';
import { App } from './app.tsx';
import { watchOperations, watchQuit } from './watch.ts';

startSync();
followHash();
watchOperations();
watchQuit();

const root = document.getElementById('root');
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <CSPProvider disableStyleElements>
        <TipProvider>
          <App />
        </TipProvider>
      </CSPProvider>
    </StrictMode>,
  );
}
