// The console from its first login on: nothing there yet, a gateway is registered, it connects, an attack shows up live, the PC is
// named and cut off, the incident is closed. Prints "want: WORD" when the other side (test_console.py) has to act.
import assert from 'node:assert/strict';
import { argumentsRead, chooseLanguage, everyAppearance, login, noSidewaysScroll, accessible, shot, step, withBrowser } from './browser.mjs';

const given = argumentsRead(process.argv.slice(2));
const want = (word) => console.log(`want: ${word}`);
const nav = (page, name) => page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
const soon = { timeout: 30_000 };

async function wrongLogin(browser) {
  const { page } = browser;
  await page.goto(given.base);
  await page.getByLabel('ログイン名').fill(given.user);
  await page.getByLabel('パスワード', { exact: true }).fill('not the password');
  await page.getByRole('button', { name: 'ログイン', exact: true }).click();
  await page.getByRole('alert').filter({ hasText: 'ログイン名またはパスワードが違います。' }).waitFor();
  await everyAppearance(browser, 'login');
  await chooseLanguage(browser, 'en');
  await page.getByRole('alert').filter({ hasText: 'The login name or the password is wrong.' }).waitFor();
  await chooseLanguage(browser, 'ja');
}

async function emptyCenter(browser) {
  const { page } = browser;
  await page.getByRole('heading', { name: 'まだ装置がつながっていません' }).waitFor();
  await everyAppearance(browser, 'inbox-first');
  await nav(page, '機器');
  await page.getByRole('heading', { name: 'まだ機器が見つかっていません' }).waitFor();
  await everyAppearance(browser, 'devices-empty');
  await nav(page, '装置');
  await page.getByRole('heading', { name: 'まだ装置がありません' }).waitFor();
}

/** Gives the claim code that the page shows. */
async function register(browser) {
  const { page } = browser;
  const button = page.getByRole('button', { name: '装置の登録' });
  await button.click();
  const dialog = page.getByRole('dialog');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.ok(await button.evaluate((one) => one === document.activeElement), 'the focus is back on the button');
  await button.click();
  await dialog.getByLabel('会社名').fill('株式会社ベータ商会');
  await dialog.getByLabel('装置の名前').fill('本社入口の装置');
  await accessible(browser, 'registration');
  await noSidewaysScroll(browser, 'registration');
  await shot(browser, 'register');
  await dialog.getByRole('button', { name: '登録', exact: true }).click();
  const code = await dialog.getByRole('status', { name: '登録コード' }).innerText();
  assert.match(code, /^[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}$/);
  await accessible(browser, 'claim code');
  await shot(browser, 'code');
  await dialog.getByRole('button', { name: '閉じる' }).click();
  const card = page.getByRole('article', { name: '本社入口の装置' });
  await card.getByText('未接続').waitFor();
  assert.ok(!(await page.content()).includes(code), 'the code is shown once');
  return code;
}

async function gatewayConnects(browser, code) {
  const { page } = browser;
  want(`enrol ${code}`);
  const card = page.getByRole('article', { name: '本社入口の装置' });
  await card.getByText('稼働中').waitFor(soon);
  await card.getByText('123,456', { exact: true }).waitFor(soon);
  await everyAppearance(browser, 'gateways');
  await nav(page, '事案');
  await page.getByRole('heading', { name: '未解決の事案はありません' }).waitFor();
  await page.getByText('装置 1 台が通信を検査しています。').waitFor();
  await page.getByText('123,456 パケット').waitFor();
  await everyAppearance(browser, 'inbox-calm');
  await chooseLanguage(browser, 'en');
  await page.getByRole('heading', { name: 'There are no open incidents' }).waitFor();
  await shot(browser, 'inbox-calm-en');
  await chooseLanguage(browser, 'ja');
}

async function contacts(browser) {
  const { page } = browser;
  await nav(page, '連絡先');
  const card = page.getByRole('article', { name: '株式会社ベータ商会' });
  await card.getByText('お知らせする方がいません。').waitFor();
  await everyAppearance(browser, 'people');
  await card.getByRole('button', { name: '「株式会社ベータ商会」の連絡先の追加' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('お名前').fill('山田花子');
  await dialog.getByLabel('メールアドレス').fill('this is none');
  await accessible(browser, 'a contact');
  await shot(browser, 'contact');
  await dialog.getByRole('button', { name: '追加', exact: true }).click();
  await dialog.getByRole('alert').filter({ hasText: 'メールアドレスをお確かめください。' }).waitFor();
  await dialog.getByLabel('メールアドレス').fill('yamada@example.jp');
  await dialog.getByRole('button', { name: '追加', exact: true }).click();
  await card.getByText('yamada@example.jp').waitFor();
}

async function users(browser) {
  const { page } = browser;
  await page.getByRole('button', { name: '利用者の追加' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('お名前').fill('山田花子');
  await dialog.getByLabel('ログイン名').fill('hanako');
  await dialog.getByLabel('役割').selectOption({ label: '会社の管理者' });
  await dialog.getByLabel('最初のパスワード').fill('short');
  await accessible(browser, 'a user');
  await shot(browser, 'user');
  await dialog.getByRole('button', { name: '追加', exact: true }).click();
  await dialog.getByRole('alert').filter({ hasText: 'パスワードは12文字以上にしてください。' }).waitFor();
  await dialog.getByLabel('最初のパスワード').fill('a long first password');
  await dialog.getByRole('button', { name: '追加', exact: true }).click();
  await page.getByText('hanako', { exact: true }).waitFor();
  await chooseLanguage(browser, 'en');
  await page.getByText('Has not logged in yet').waitFor();
  await accessible(browser, 'people in English');
  await chooseLanguage(browser, 'ja');
}

async function noticesTell(browser) {
  const { page } = browser;
  await nav(page, 'お知らせ');
  await page.getByText('yamada@example.jp').first().waitFor();
  await everyAppearance(browser, 'notices');
  await page.locator('summary').first().click();
  await accessible(browser, 'a notice');
  await shot(browser, 'notice');
  await page.getByRole('link', { name: /^事案 .* を見る$/ }).first().click();
  await page.getByRole('heading', { name: '何が起きたか' }).waitFor();
}

async function ownPassword(browser) {
  const { page } = browser;
  const other = 'another long password';
  const change = async (before, after, again) => {
    await page.getByLabel('いまのパスワード').fill(before);
    await page.getByLabel('新しいパスワード', { exact: true }).fill(after);
    await page.getByLabel('新しいパスワード(確認)').fill(again);
    await page.getByRole('button', { name: '変更', exact: true }).click();
  };
  await page.getByRole('link', { name: /^利用者:/ }).click();
  await page.getByRole('heading', { name: '利用者の設定' }).waitFor();
  await page.getByText('管理者', { exact: true }).waitFor();
  await everyAppearance(browser, 'account');
  await change('not the password', other, other);
  await page.getByRole('alert').filter({ hasText: 'いまのパスワードが違います。' }).waitFor();
  await change(given.password, other, 'something else');
  await page.getByRole('alert').filter({ hasText: '確認が一致しません。' }).waitFor();
  await change(given.password, other, other);
  await page.getByText('パスワードを変更しました。').waitFor();
  await change(other, given.password, given.password);
  await page.getByText('パスワードを変更しました。').waitFor();
}

async function attackShowsUp(browser) {
  const { page } = browser;
  await nav(page, '事案');
  await page.getByText('自動更新中').waitFor();
  want('attack');
  await page.getByRole('link').filter({ hasText: 'KEIRI-02' }).filter({ hasText: '14回' }).waitFor(soon);
}

async function filters({ page }) {
  const rows = page.locator('main li a');
  const all = await rows.count();
  assert.ok(all >= 2, 'two incidents at least');
  await page.getByRole('group', { name: /^レベル別/ }).getByRole('button', { name: /赤/ }).click();
  await page.waitForFunction((before) => document.querySelectorAll('main li a').length < before, all);
  for (const text of await rows.allInnerTexts()) assert.match(text, /赤/);
  await page.getByRole('button', { name: '絞り込みの解除' }).click();
  await page.waitForFunction((before) => document.querySelectorAll('main li a').length === before, all);
  await page.getByRole('radio', { name: '解決済み' }).check();
  await page.getByRole('heading', { name: 'この条件に当てはまる事案はありません' }).waitFor();
  await page.getByRole('radio', { name: '未解決' }).check();
}

async function nameTheDevice(browser) {
  const { page } = browser;
  await nav(page, '機器');
  const card = page.getByRole('article', { name: 'KEIRI-02' });
  for (const text of ['NEC', '02:00:5e:10:00:02', 'KEIRI-02', '192.168.1.20']) await card.getByText(text, { exact: true }).first().waitFor();
  await everyAppearance(browser, 'devices');
  await card.getByRole('button', { name: '「KEIRI-02」の名前と場所' }).click();
  await card.getByLabel('名前').fill('経理の山田さんのパソコン');
  await card.getByLabel('場所').fill('窓側の机');
  await accessible(browser, 'naming');
  await chooseLanguage(browser, 'en');
  await page.getByRole('heading', { name: 'Devices' }).waitFor();
  await accessible(browser, 'devices in English');
  await chooseLanguage(browser, 'ja');
  await card.getByLabel('場所').focus();
  await shot(browser, 'devices-naming');
  await page.keyboard.press('Enter');
  await page.getByText('「経理の山田さんのパソコン」の名前と場所を保存しました。').waitFor();
  await page.getByRole('article', { name: '経理の山田さんのパソコン' }).getByText('窓側の机').waitFor();
}

async function cutOff(browser) {
  const { page } = browser;
  await nav(page, '事案');
  await page.getByRole('link').filter({ hasText: '14回' }).click();
  await page.getByRole('button', { name: '確認しました' }).click();
  await page.getByText('確認済みにしました。').waitFor();
  await page.getByRole('button', { name: /の切り離し$/ }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('理由').fill('感染の疑い');
  await accessible(browser, 'cut off');
  await shot(browser, 'cut');
  await dialog.getByRole('button', { name: '切り離し', exact: true }).click();
  await page.getByText('切り離しを指示しました(装置の返事待ち)').first().waitFor();
  want('isolate');
  await page.getByText('切り離し中', { exact: true }).first().waitFor(soon); // told by the stream, without a reload
  await everyAppearance(browser, 'incident-cut');
  await page.getByRole('button', { name: /の切り離し解除$/ }).click();
  await dialog.getByRole('button', { name: '切り離し解除', exact: true }).click();
  await page.getByText('切り離し解除を指示しました(装置の返事待ち)').first().waitFor();
  want('release');
  await page.getByRole('button', { name: /の切り離し$/ }).waitFor(soon);
}

async function close(browser) {
  const { page } = browser;
  await page.getByRole('button', { name: '解決', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('メモ(任意)').fill('ウイルスを取り除きました。');
  await accessible(browser, 'closing');
  await shot(browser, 'resolve');
  await dialog.getByRole('button', { name: '確定' }).click();
  await page.getByText('解決にしました。').waitFor();
  await page.getByText('ウイルスを取り除きました。').waitFor();
  assert.equal(await page.getByRole('button', { name: '解決', exact: true }).count(), 0);
}

async function listIsConfirmed(browser) {
  const { page } = browser;
  await nav(page, '装置');
  const card = page.getByRole('article');
  await card.getByText('未確認').waitFor();
  await card.getByRole('button', { name: /の機器の一覧の確認$/ }).click();
  const dialog = page.getByRole('dialog');
  await accessible(browser, 'confirming the machines');
  await shot(browser, 'confirm-devices');
  await dialog.getByRole('button', { name: '確認', exact: true }).click();
  await card.getByText(/に確認済み$/).waitFor();
}

async function failOpen(browser) {
  const { page } = browser;
  want('fail_open');
  await page.getByRole('alert').filter({ hasText: '検査が止まっています' }).waitFor(soon);
  await nav(page, '装置');
  await page.getByRole('article').getByText('検査を止めて通信を通しています(フェイルオープン)。').waitFor();
  await everyAppearance(browser, 'gateways-fail-open');
}

async function sessionEnds(browser) {
  const { page, context } = browser;
  await context.clearCookies();
  await nav(page, '機器');
  await page.getByText('しばらく時間がたったため、ログアウトしました。').waitFor();
  await login(browser);
  await page.getByRole('button', { name: 'ログアウト' }).click();
  await page.getByLabel('ログイン名').waitFor();
  const answer = await page.request.get(`${given.base}/api/me`);
  assert.equal(answer.status(), 401);
}

await withBrowser(given, async (browser) => {
  const steps = [
    ['a wrong password is told in words', wrongLogin],
    ['log in', login],
    ['a center with nothing in it says what to do', emptyCenter],
  ];
  for (const [name, act] of steps) {
    step(name);
    await act(browser);
  }
  step('a gateway is registered; its code is shown once');
  const code = await register(browser);
  step('it connects; "no incidents" says who inspected how much');
  await gatewayConnects(browser, code);
  const later = [
    ['who is told: a contact', contacts],
    ['who may log in: a user', users],
    ['an attack shows up by itself', attackShowsUp],
    ['filters', filters],
    ['the device gets a name and a place', nameTheDevice],
    ['seen, cut off, released', cutOff],
    ['closed with a note', close],
    ['the list of machines is confirmed', listIsConfirmed],
    ['who was told, and whether the mail could be sent', noticesTell],
    ['the own password', ownPassword],
    ['stopped inspection is said on every page', failOpen],
    ['an ended session, logout', sessionEnds],
  ];
  for (const [name, act] of later) {
    step(name);
    await act(browser);
  }
});
console.log('console: all well');
