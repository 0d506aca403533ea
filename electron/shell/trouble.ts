// The page shown instead of the app when the data cannot be opened: what happened, what is still true, what to do.
// Plain HTML without a script; the choices are links that this file takes from the window's navigation.
import { type PageMap, pageOf } from './pages.ts';

export type TroubleKind = 'locked' | 'corrupt' | 'newer' | 'failed';
export type TroubleChoice = 'retry' | 'restore' | 'set-aside' | 'quit';
export type Trouble = {
  readonly kind: TroubleKind;
  readonly file: string;
  readonly detail: string;
  /** When the newest usable snapshot was made, if there is one. */
  readonly snapshotAtMs: number | null;
};

type Words = { readonly title: string; readonly what: string; readonly still: string };

const words: Readonly<Record<TroubleKind, Words>> = {
  locked: {
    title: 'Another program is using the data of Mesolite',
    what: 'The database is locked. Most often another Mesolite, or a copy or backup program, has it open.',
    still: 'Nothing was changed. Your machines and their tasks go on.',
  },
  corrupt: {
    title: 'The data of Mesolite is damaged',
    what: 'The database did not pass its check. This can come from a failing disk or from another program that wrote into it.',
    still:
      'Nothing was deleted. Your machines and their tasks go on, and each machine still holds its own record of its tasks.',
  },
  newer: {
    title: 'The data of Mesolite was written by a newer version',
    what: 'This version does not know the format and leaves it alone.',
    still:
      'Nothing was changed. Your machines and their tasks go on. Update Mesolite, or start the newer version again.',
  },
  failed: {
    title: 'The data of Mesolite cannot be opened',
    what: 'The operating system or the database refused it. Mesolite writes down every decision before it acts, so it does not start like this.',
    still: 'Nothing was changed. Your machines and their tasks go on.',
  },
};

const labels: Readonly<Record<TroubleChoice, string>> = {
  retry: 'Try again',
  restore: 'Restore the last snapshot',
  'set-aside': 'Set the data aside and start empty',
  quit: 'Quit',
};

/** The first one is the one that Enter takes; loss of data is never the first. */
export function choicesFor(trouble: Trouble): readonly TroubleChoice[] {
  switch (trouble.kind) {
    case 'locked':
    case 'failed':
      return ['retry', 'quit'];
    case 'newer':
      return ['quit', 'set-aside'];
    case 'corrupt':
      return trouble.snapshotAtMs === null
        ? ['retry', 'set-aside', 'quit']
        : ['restore', 'set-aside', 'quit'];
  }
}

/** Shown when the window died again and again. */
export function crashedPages(): PageMap {
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Mesolite</title><link rel="stylesheet" href="/trouble.css"></head>
<body><main role="alertdialog" aria-labelledby="title"><h1 id="title">The window of Mesolite crashed several times</h1>
<p>Your machines and their tasks go on, and nothing you asked for was lost. Quit and start Mesolite again.</p></main></body></html>`;
  return new Map([
    ['/crashed', pageOf('.html', html)],
    ['/trouble.css', pageOf('.css', troubleCss)],
  ]);
}

/** As text for a terminal or the log. */
export function troubleLine(trouble: Trouble): string {
  const { title, still } = words[trouble.kind];
  return `${title}: ${trouble.file} (${trouble.detail}). ${still}`;
}

const choicePath = '/trouble/choose/';

export function troublePages(trouble: Trouble): PageMap {
  return new Map([
    ['/trouble', pageOf('.html', troubleHtml(trouble))],
    ['/trouble.css', pageOf('.css', troubleCss)],
  ]);
}

/** The choice behind a link of the page, if it is one that was offered. */
export function choiceOf(url: string, trouble: Trouble): TroubleChoice | null {
  if (!URL.canParse(url)) return null;
  const { pathname } = new URL(url);
  if (!pathname.startsWith(choicePath)) return null;
  return choicesFor(trouble).find((choice) => choice === pathname.slice(choicePath.length)) ?? null;
}

function troubleHtml(trouble: Trouble): string {
  const { title, what, still } = words[trouble.kind];
  const links = choicesFor(trouble).map((choice, place) => {
    const focus = place === 0 ? ' autofocus class="first"' : '';
    return `<a role="button" href="${choicePath}${choice}"${focus}>${escape(labelOf(choice, trouble))}</a>`;
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Mesolite</title><link rel="stylesheet" href="/trouble.css"></head>
<body><main role="alertdialog" aria-labelledby="title" aria-describedby="what">
<h1 id="title">${escape(title)}</h1>
<p id="what">${escape(what)}</p>
<p>${escape(still)}</p>
<dl><dt>File</dt><dd>${escape(trouble.file)}</dd><dt>Answer</dt><dd>${escape(trouble.detail)}</dd></dl>
<nav>${links.join('\n')}</nav>
</main></body></html>`;
}

function labelOf(choice: TroubleChoice, trouble: Trouble): string {
  if (choice !== 'restore' || trouble.snapshotAtMs === null) return labels[choice];
  return `${labels.restore} (${new Date(trouble.snapshotAtMs).toLocaleString('en-GB')})`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

const troubleCss = `
:root { color-scheme: light dark; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 14px/20px 'Inter Variable', system-ui, sans-serif;
  background: light-dark(oklch(0.975 0.005 260), oklch(0.165 0.008 260)); color: light-dark(oklch(0.22 0.01 260), oklch(0.94 0.005 260)); }
main { max-width: 620px; padding: 32px; border: 1px solid light-dark(oklch(0.9 0.005 260), oklch(0.29 0.008 260)); border-radius: 8px;
  background: light-dark(oklch(1 0 0), oklch(0.195 0.008 260)); }
h1 { font-size: 20px; line-height: 28px; font-weight: 600; margin: 0 0 12px; }
p { margin: 0 0 12px; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 4px 16px; margin: 16px 0; font: 12px/16px 'JetBrains Mono Variable', ui-monospace, monospace;
  color: light-dark(oklch(0.45 0.008 260), oklch(0.7 0.008 260)); overflow-wrap: anywhere; }
dd { margin: 0; }
nav { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 24px; }
a { padding: 6px 12px; border-radius: 4px; text-decoration: none; color: inherit; border: 1px solid light-dark(oklch(0.8 0.005 260), oklch(0.4 0.008 260)); }
a.first { background: light-dark(oklch(0.55 0.11 205), oklch(0.74 0.12 195)); color: light-dark(white, oklch(0.165 0.008 260)); border-color: transparent; }
a:focus-visible { outline: 2px solid light-dark(oklch(0.55 0.11 205), oklch(0.74 0.12 195)); outline-offset: 2px; }
`;
