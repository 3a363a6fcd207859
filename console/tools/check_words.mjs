// Words of the console: ja and en have the same keys and placeholders, each is in its own language, none is unused.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const src = fileURLToPath(new URL('../src', import.meta.url));
const read = (language) => JSON.parse(readFileSync(join(src, 'stores/texts', `${language}.json`), 'utf8'));
const japanese = /[\u3040-\u30ff\u3400-\u9fff]/;
// Each says the other language's name, in that language.
const otherLanguage = new Set(['tools.language', 'tools.language.label']);

const placeholders = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort().join(' ');

export function problemsOf(ja, en) {
  const problems = [];
  for (const key of Object.keys(ja)) if (!(key in en)) problems.push(`${key}: not in en.json`);
  for (const key of Object.keys(en)) if (!(key in ja)) problems.push(`${key}: not in ja.json`);
  for (const key of Object.keys(ja).filter((one) => one in en)) {
    // "once" need not say its number
    const counted = key.endsWith('.one');
    if (!counted && placeholders(ja[key]) !== placeholders(en[key]))
      problems.push(`${key}: placeholders differ: "${placeholders(ja[key])}" and "${placeholders(en[key])}"`);
    if (ja[key].trim() === '' || en[key].trim() === '') problems.push(`${key}: empty`);
    if (otherLanguage.has(key)) continue;
    const words = ja[key].replace(/\{\w+\}/g, '');
    if (/\p{L}/u.test(words) && !japanese.test(words)) problems.push(`${key}: ja.json is not Japanese: "${ja[key]}"`);
    if (japanese.test(en[key])) problems.push(`${key}: en.json is not English: "${en[key]}"`);
    if (/する$/.test(ja[key])) problems.push(`${key}: buttons are nouns, sentences です・ます: "${ja[key]}"`);
  }
  for (const key of Object.keys(ja).filter((one) => one.endsWith('.one') && `${one.slice(0, -4)}.many` in ja))
    if (ja[`${key.slice(0, -4)}.many`] !== ja[key]) problems.push(`${key}: Japanese has no plural, .one and .many are the same`);
  return problems;
}

function sourceText(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .map((entry) => {
      if (entry.isDirectory()) return sourceText(join(folder, entry.name));
      return /\.(ts|svelte)$/.test(entry.name) ? readFileSync(join(folder, entry.name), 'utf8') : '';
    })
    .join('\n');
}

/** A key is used when it stands in the source whole, or when it fits a template such as `state.${...}`. */
export function unusedOf(keys, source) {
  const exact = new Set([...source.matchAll(/['"]([\w.]+)['"]/g)].map((found) => found[1]));
  const shapes = [...source.matchAll(/`([\w.]*(?:\$\{[^`{}]*\}[\w.]*)+)`/g)].map(
    (found) => new RegExp(`^${found[1].replaceAll('.', '\\.').replace(/\$\{[^}]*\}/g, '[\\w.]+')}$`),
  );
  const used = (key) => exact.has(key) || shapes.some((shape) => shape.source !== '^[\\w.]+$' && shape.test(key));
  return keys.filter((key) => !used(key) && !used(key.replace(/\.(one|many)$/, '')));
}

const ja = read('ja');
const problems = [
  ...problemsOf(ja, read('en')),
  ...unusedOf(Object.keys(ja), sourceText(src)).map((key) => `${key}: used nowhere`),
];
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log(`${Object.keys(ja).length} texts in ja and en`);
