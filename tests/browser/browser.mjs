// What the browser tests share: Debian's Chromium over an empty profile, login, checks that hold on every page.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// the packages are the console's (one lock file)
const require = createRequire(new URL('../../console/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const phone = { width: 360, height: 740 };
export const desk = { width: 1280, height: 900 };

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

// BASE_URL USER PASSWORD [--shots FOLDER] [--expect TEXT]...
export function argumentsRead(argv) {
  const [base, user, password, ...rest] = argv;
  if (!password) {
    console.error('usage: node THIS.mjs BASE_URL USER PASSWORD [--shots FOLDER] [--expect TEXT]...');
    process.exit(64);
  }
  const given = { base: base.replace(/\/$/, ''), user, password, shots: undefined, expected: [] };
  for (let at = 0; at + 1 < rest.length; at += 2) {
    if (rest[at] === '--shots') given.shots = rest[at + 1];
    if (rest[at] === '--expect') given.expected.push(rest[at + 1]);
  }
  if (given.shots) mkdirSync(given.shots, { recursive: true });
  return given;
}

/** Runs `story(browser)`; whatever happens, Chromium and its profile are gone afterwards. */
export async function withBrowser(given, story) {
  const profile = mkdtempSync(join(tmpdir(), 'otasuke-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: flags,
    viewport: desk,
    locale: 'ja-JP',
    timezoneId: 'America/New_York', // times are Japan's wherever the browser is
    colorScheme: 'light',
  });
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    page.setDefaultTimeout(15_000);
    const complaints = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      // an answer that is an error (401 before the login) is logged by the browser itself
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) complaints.push(message.text());
    });
    const foreign = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(given.base) && !request.url().startsWith('data:')) foreign.push(request.url());
    });
    await story({ page, context, given }).catch(async (error) => {
      for (const complaint of complaints) console.error(`the page complains: ${complaint}`);
      await shot({ page, given }, 'failed');
      throw error;
    });
    assert.deepEqual(complaints, [], 'the page complains');
    assert.deepEqual(foreign, [], 'something comes from elsewhere');
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

export async function login({ page, given }) {
  await page.goto(given.base);
  await page.getByLabel('ログイン名').fill(given.user);
  await page.getByLabel('パスワード', { exact: true }).fill(given.password);
  await page.keyboard.press('Enter');
  await page.getByRole('navigation').waitFor();
}

/** The API as the page's session sees it: what is shown is compared with what the center says. */
export async function ask({ page, given }, path) {
  const answer = await page.request.get(given.base + path);
  assert.equal(answer.status(), 200, path);
  return answer.json();
}

export async function noSidewaysScroll({ page }, where) {
  const { wide, inner } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, inner: innerWidth }));
  assert.ok(wide <= inner, `${where}: ${wide} px wide in a window of ${inner} px`);
}

/** WCAG A and AA by axe-core: nothing serious or critical. */
export async function accessible({ page }, where) {
  await page.evaluate(axeSource);
  const { violations, passes } = await page.evaluate(() =>
    globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }),
  );
  const bad = violations.filter((one) => one.impact === 'serious' || one.impact === 'critical');
  const told = bad.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.target.join(' ')} ${node.failureSummary}`).join('; ')}`);
  assert.deepEqual(told, [], `${where}: not accessible`);
  assert.ok(passes.length > 5, `${where}: axe looked at nothing`);
}

export async function shot({ page, given }, name) {
  if (given.shots) await page.screenshot({ path: join(given.shots, `${name}.png`), fullPage: true });
}

/** The page in each of its appearances: wide and phone, light and dark. */
export async function everyAppearance(browser, name) {
  const { page } = browser;
  for (const [width, size] of [
    ['desk', desk],
    ['phone', phone],
  ]) {
    await page.setViewportSize(size);
    for (const theme of ['light', 'dark']) {
      await chooseTheme(browser, theme);
      await noSidewaysScroll(browser, `${name}, ${width}`);
      await accessible(browser, `${name}, ${width}, ${theme}`);
      await shot(browser, `${name}-${width}-${theme}`);
    }
  }
  await page.setViewportSize(desk);
  await chooseTheme(browser, 'light');
}

const themeOf = (page) => page.evaluate(() => document.documentElement.dataset.theme);

export async function chooseTheme({ page }, theme) {
  if ((await themeOf(page)) !== theme)
    await page.getByRole('button', { name: theme === 'dark' ? /^(暗い表示|Dark display)$/ : /^(明るい表示|Light display)$/ }).click();
  assert.equal(await themeOf(page), theme);
  // colours glide for a moment; what is measured is where they arrive
  await page.waitForFunction(() => document.getAnimations().every((one) => one.playState !== 'running'));
}

export async function chooseLanguage({ page }, language) {
  await page.getByRole('button', { name: language === 'en' ? 'Switch to English' : '日本語に切り替え' }).click();
  assert.equal(await page.evaluate(() => document.documentElement.lang), language);
}

let steps = 0;
export function step(name) {
  steps++;
  console.log(`  ${steps}. ${name}`);
}
