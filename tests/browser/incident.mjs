// One incident in the console as a person meets it: which PC (name, maker, MAC), what happened, whether it is stopped, what to
// do, the mail that was sent. Changes nothing: may be run against any center that has an incident about a device.
import assert from 'node:assert/strict';
import { accessible, argumentsRead, ask, chooseLanguage, chooseTheme, everyAppearance, login, shot, step, withBrowser } from './browser.mjs';

const given = argumentsRead(process.argv.slice(2));

/** The newest open red one about a device with its mail; else the newest about a device. */
async function incidentOf(browser) {
  const { items } = await ask(browser, '/api/incidents?limit=200');
  const about = items.filter((one) => one.device !== null);
  assert.ok(about.length > 0, 'no incident about a device is there');
  return about.find((one) => one.level === 'red' && one.state !== 'resolved') ?? about[0];
}

async function openFromInbox({ page }, incident) {
  const row = page.locator(`a[href="/incidents/${incident.id}"]`);
  await row.waitFor();
  const text = await row.innerText();
  assert.match(text, { red: /赤/, yellow: /黄/, blue: /青/ }[incident.level], 'the level is said in words');
  for (const part of [incident.title.ja, incident.device.label, `${incident.count}回`]) assert.ok(text.includes(part), `inbox row: ${part}`);
  await row.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: incident.title.ja }).waitFor();
}

async function visible(page, text, where) {
  assert.ok((await page.locator('main').innerText()).includes(text), `${where}: "${text}" is not on the page`);
}

async function incidentPage({ page }, incident) {
  for (const name of ['お願いしたいこと', '何が起きたか', '止まっているか', 'どのパソコンか', '分かっていないこと'])
    await page.getByRole('heading', { level: 2, name, exact: true }).waitFor();
  const { device } = incident;
  for (const text of [incident.what_happened.ja, incident.stopped.ja, incident.not_known.ja, ...incident.what_to_do.map((one) => one.ja)])
    await visible(page, text, 'incident');
  for (const text of [device.label, device.mac, device.maker, device.hostname, incident.number, ...given.expected])
    if (text !== null) await visible(page, text, 'incident');
}

async function technicalIsFolded({ page }, incident) {
  const address = incident.technical.dest_ip;
  const main = page.locator('main');
  if (address) assert.ok(!(await main.innerText()).includes(address), 'addresses of strangers are below the fold');
  await page.getByText('技術情報(IT業者の方へ)', { exact: true }).click();
  if (address) await visible(page, address, 'technical');
  for (const rule of incident.technical.rules) await visible(page, rule.message, 'technical');
  await page.getByText('記録された検知').click();
  await page.getByText('元のデータ').first().waitFor();
}

async function noticesInFull(browser, incident) {
  const { page } = browser;
  const { items } = await ask(browser, `/api/incidents/${incident.id}/notices`);
  assert.ok(items.length > 0 || incident.level === 'blue', 'nobody was told');
  for (const notice of items) {
    await page.locator('summary', { hasText: notice.subject }).first().click();
    const shown = await page.getByText(notice.body.trim().split('\n')[0], { exact: false }).first().evaluate((one) => one.closest('.body')?.textContent);
    assert.equal(shown?.replace(/\r/g, '').trim(), notice.body.replace(/\r/g, '').trim(), 'the mail word for word');
    await visible(page, notice.recipient, 'notice');
  }
}

async function english(browser, incident) {
  const { page } = browser;
  await chooseLanguage(browser, 'en');
  await page.getByRole('heading', { level: 1, name: incident.title.en }).waitFor();
  for (const name of ['What we ask you to do', 'What happened', 'Is it stopped?', 'Which machine', 'What is not known'])
    await page.getByRole('heading', { level: 2, name, exact: true }).waitFor();
  await visible(page, incident.what_happened.en, 'incident in English');
  await accessible(browser, 'incident in English');
  await shot(browser, 'incident-en');
  await page.reload();
  await page.getByRole('heading', { level: 1, name: incident.title.en }).waitFor(); // the choice lasts
  await chooseLanguage(browser, 'ja');
}

await withBrowser(given, async (browser) => {
  const { page } = browser;
  step('log in');
  await login(browser);
  const incident = await incidentOf(browser);
  step(`the inbox shows ${incident.number} (${incident.device.label}); opened by keyboard`);
  await openFromInbox(browser, incident);
  step('what happened, stopped or not, which PC, what to do, what is not known');
  await incidentPage(browser, incident);
  step('360 px and wide, light and dark: no sideways scroll, accessible');
  await everyAppearance(browser, 'incident');
  step('technical details are folded, and complete');
  await technicalIsFolded(browser, incident);
  step('the mails in full');
  await noticesInFull(browser, incident);
  await everyAppearance(browser, 'incident-open');
  step('English, and the choice lasts');
  await english(browser, incident);
  step('dark lasts too');
  await chooseTheme(browser, 'dark');
  await page.reload();
  await page.getByRole('heading', { level: 1, name: incident.title.ja }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
  await chooseTheme(browser, 'light');
  step('the inbox with incidents');
  await page.getByRole('link', { name: '事案の一覧' }).click();
  await page.locator(`a[href="/incidents/${incident.id}"]`).waitFor();
  await everyAppearance(browser, 'inbox');
});
console.log('incident: all well');
