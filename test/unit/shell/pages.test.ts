import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answer, contentSecurityPolicy, mapFolder } from '../../../electron/shell/pages.ts';

describe('the fixed map of files', () => {
  let folder = '';
  const get = (url: string, method = 'GET') => answer(mapFolder(path.join(folder, 'renderer')), method, url);
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'mesolite-pages-'));
    mkdirSync(path.join(folder, 'renderer', 'assets'), { recursive: true });
    writeFileSync(path.join(folder, 'renderer', 'index.html'), '<!doctype html>');
    writeFileSync(path.join(folder, 'renderer', 'assets', 'app.js'), '1');
    writeFileSync(path.join(folder, 'renderer', 'assets', 'notes.txt'), 'of no known type');
    writeFileSync(path.join(folder, 'secret.js'), 'secret');
    symlinkSync(path.join(folder, 'secret.js'), path.join(folder, 'renderer', 'link.js'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ['app://mesolite/', 'text/html; charset=utf-8'],
    ['app://mesolite/index.html?x=1#/tasks', 'text/html; charset=utf-8'],
    ['app://mesolite/assets/app.js', 'text/javascript; charset=utf-8'],
  ])('serves %s with its type and the policy', async (url, type) => {
    const response = await get(url);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(type);
    expect(response.headers.get('content-security-policy')).toBe(contentSecurityPolicy);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it.each([
    'app://mesolite/../secret.js',
    'app://mesolite/..%2fsecret.js',
    'app://mesolite/%2e%2e/secret.js',
    'app://mesolite/link.js',
    'app://mesolite/assets/notes.txt',
    'app://mesolite/assets',
    'app://mesolite/index.html%00',
    'app://mesolite//index.html',
    'app://other/index.html',
    'file:///etc/passwd',
    'app://',
    '',
  ])('knows nothing of %s', async (url) => {
    const response = await get(url);
    expect(response.status).toBe(404);
    expect(await response.text()).toBe('not found');
    expect(response.headers.get('content-security-policy')).toBe(contentSecurityPolicy);
  });

  it('answers reading only', async () => {
    expect((await get('app://mesolite/index.html', 'POST')).status).toBe(404);
  });

  it('has no word in the policy that lets foreign or inline code in', () => {
    expect(contentSecurityPolicy).not.toMatch(/unsafe|https?:|\*/);
  });
});
