// openapi.yaml -> src/api/types.ts: the schemas as types, the operations as a table. --check: only compare.
// Knows what our contract uses of OpenAPI 3.1 and refuses what it does not know.
import { readFileSync, writeFileSync } from 'node:fs';
import { parse } from 'yaml';

const source = new URL('../../openapi.yaml', import.meta.url);
const target = new URL('../src/api/types.ts', import.meta.url);
const document = parse(readFileSync(source, 'utf8'));
const methods = ['get', 'post', 'put', 'patch', 'delete'];
const scalars = { string: 'string', integer: 'number', number: 'number', boolean: 'boolean', null: 'null' };

const last = (ref) => ref.split('/').at(-1);
const quoted = (value) => (typeof value === 'string' ? `'${value.replaceAll("'", "\\'")}'` : String(value));
const member = (name) => (/^[A-Za-z_]\w*$/.test(name) ? name : quoted(name));
const union = (types) => [...new Set(types)].join(' | ');

function objectType(schema, pad) {
  const needed = new Set(schema.required ?? []);
  const rows = Object.entries(schema.properties ?? {}).map(
    ([name, of]) => `${pad}  ${member(name)}${needed.has(name) ? '' : '?'}: ${type(of, `${pad}  `)};\n`,
  );
  if (rows.length > 0) return `{\n${rows.join('')}${pad}}`;
  const rest = schema.additionalProperties;
  return `Record<string, ${rest && rest !== true ? type(rest, pad) : 'unknown'}>`;
}

function type(schema, pad = '') {
  if (schema.$ref) return last(schema.$ref);
  if (schema.anyOf) return union(schema.anyOf.map((one) => type(one, pad)));
  if (schema.enum) return union(schema.enum.map(quoted));
  if (Array.isArray(schema.type)) return union(schema.type.map((one) => type({ ...schema, type: one }, pad)));
  if (schema.type === 'object') return objectType(schema, pad);
  if (schema.type === 'array') {
    const item = type(schema.items, pad);
    return item.includes(' | ') ? `(${item})[]` : `${item}[]`;
  }
  if (!(schema.type in scalars)) throw new Error(`a schema that this program does not know: ${JSON.stringify(schema)}`);
  return scalars[schema.type];
}

function jsonOf(body) {
  const content = Object.entries(body?.content ?? {}).find(([kind]) => kind === 'application/json');
  return content ? type(content[1].schema, '    ') : 'undefined';
}

const resolved = (parameter) => (parameter.$ref ? document.components.parameters[last(parameter.$ref)] : parameter);

function queryOf(parameters) {
  const rows = parameters.filter((p) => p.in === 'query').map((p) => `${member(p.name)}?: ${type(p.schema)} | undefined`);
  return rows.length > 0 ? `{ ${rows.join('; ')} }` : 'undefined';
}

function pathOf(parameters) {
  const rows = parameters.filter((p) => p.in === 'path').map((p) => `${member(p.name)}: ${type(p.schema)}`);
  return rows.length > 0 ? `{ ${rows.join('; ')} }` : 'undefined';
}

function operationsOf() {
  const found = [];
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of methods.filter((m) => m in item)) {
      const operation = item[method];
      const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(resolved);
      const good = Object.entries(operation.responses).find(([status]) => status.startsWith('2'))[1];
      found.push({ id: operation.operationId, method: method.toUpperCase(), path, parameters, operation, good });
    }
  }
  return found;
}

function render() {
  const lines = ['// Made from openapi.yaml by tools/api_types.mjs (npm run types). Not edited by hand.', ''];
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    if (schema.description) lines.push(`/** ${schema.description} */`);
    lines.push(`export type ${name} = ${type(schema)};`, '');
  }
  const operations = operationsOf();
  lines.push('export type Operations = {');
  for (const o of operations) {
    lines.push(`  /** ${o.operation.summary} */`, `  ${o.id}: {`);
    lines.push(`    path: ${pathOf(o.parameters)};`, `    query: ${queryOf(o.parameters)};`);
    lines.push(`    body: ${jsonOf(o.operation.requestBody)};`, `    answer: ${jsonOf(o.good)};`, '  };');
  }
  lines.push('};', '', 'export const operations = {');
  for (const o of operations) lines.push(`  ${o.id}: { method: '${o.method}', path: '${o.path}' },`);
  lines.push('} as const satisfies Record<keyof Operations, { method: string; path: string }>;', '');
  return lines.join('\n');
}

const text = render();
if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error('src/api/types.ts is not what openapi.yaml says: run "npm run types" in console/');
    process.exit(1);
  }
  console.log('src/api/types.ts is what openapi.yaml says');
} else {
  writeFileSync(target, text);
}
