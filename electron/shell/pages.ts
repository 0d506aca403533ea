// What `app://mesolite/...` answers: a fixed map of files read from dist/renderer at start. What is not in the map does
// not exist, so there is no path to escape from. Each answer carries the content security policy. No Electron here.
import fs from 'node:fs';
import path from 'node:path';

export const appScheme = 'app';
const appHost = 'mesolite';
export const appOrigin = `${appScheme}://${appHost}`;

export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

export type Page = { readonly type: string; readonly read: () => Promise<Uint8Array> };
export type PageMap = ReadonlyMap<string, Page>;

/** All files below the folder whose type we know, by URL path. Symbolic links are not followed. */
export function mapFolder(folder: string): Map<string, Page> {
  const pages = new Map<string, Page>();
  const visit = (inside: string): void => {
    for (const entry of fs.readdirSync(path.join(folder, inside), { withFileTypes: true })) {
      const name = `${inside}/${entry.name}`;
      if (entry.isDirectory()) visit(name);
      const type = contentTypes[path.extname(entry.name)];
      if (entry.isFile() && type)
        pages.set(name, { type, read: () => fs.promises.readFile(path.join(folder, name)) });
    }
  };
  visit('');
  const index = pages.get('/index.html');
  if (index) pages.set('/', index);
  return pages;
}

export function pageOf(type: keyof typeof contentTypes, text: string): Page {
  return { type: contentTypes[type] ?? 'text/plain', read: async () => Buffer.from(text) };
}

export async function answer(pages: PageMap, method: string, url: string): Promise<Response> {
  const page = method === 'GET' ? findPage(pages, url) : undefined;
  if (!page)
    return new Response('not found', { status: 404, headers: headersFor('text/plain; charset=utf-8') });
  return new Response(Buffer.from(await page.read()), { status: 200, headers: headersFor(page.type) });
}

function findPage(pages: PageMap, text: string): Page | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== `${appScheme}:` || url.host !== appHost) return undefined;
  return pages.get(url.pathname);
}

function headersFor(type: string): Record<string, string> {
  return {
    'content-type': type,
    'content-security-policy': contentSecurityPolicy,
    'x-content-type-options': 'nosniff',
    'cross-origin-opener-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-cache',
  };
}
