// `app://mesolite/...` instead of file: standard and secure, answered from the map of pages.ts.
import { protocol, type Session } from 'electron';
import { answer, appScheme, type PageMap } from './pages.ts';

/** Before the app is ready. */
export function registerScheme(): void {
  const privileges = { standard: true, secure: true, supportFetchAPI: true, codeCache: true };
  protocol.registerSchemesAsPrivileged([{ scheme: appScheme, privileges }]);
}

export function servePages(session: Session, pages: PageMap): void {
  session.protocol.handle(appScheme, (request) => answer(pages, request.method, request.url));
}
