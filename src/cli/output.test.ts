/** Output formats, golden against what az prints for the same values. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Format, render } from './output.ts';

const LIST = [
  { name: 'b', id: '/x/b', location: 'westeurope', enabled: true, tags: null, count: 3, sku: { name: 'Premium' }, ips: ['1.2.3.4', '5.6.7.8'] },
  { name: 'a', id: '/x/a', location: 'eastus', enabled: false, tags: { k: 'v' }, count: 0, sku: { name: 'Basic' }, ips: [] },
];
const out = (value: unknown, format: Format, query?: string): Promise<string> => render(value, { format, query });

test('json is indented by two, keys sorted, undefined left out', async () => {
  assert.equal(
    await out({ b: 1, a: { d: [true, null], c: undefined } }, 'json'),
    '{\n  "a": {\n    "d": [\n      true,\n      null\n    ]\n  },\n  "b": 1\n}\n',
  );
  assert.equal(await out('x', 'json'), '"x"\n');
  assert.equal(await out([], 'json'), '[]\n');
});

test('tsv: one line an item; lists are counted, objects empty, literals as Python writes them', async () => {
  assert.equal(await out(LIST, 'tsv'), '3\tTrue\t/x/b\t2\twesteurope\tb\t\tNone\n0\tFalse\t/x/a\t0\teastus\ta\t\t\n');
  assert.equal(await out('westeurope', 'tsv'), 'westeurope\n');
  assert.equal(await out(true, 'tsv'), 'true\n');
  assert.equal(await out(LIST, 'tsv', '[].name'), 'b\na\n');
  assert.equal(await out(LIST, 'tsv', '[].[name, count]'), 'b\t3\na\t0\n');
  assert.equal(await out(LIST, 'tsv', '[].{z:name, a:count}'), 'b\t3\na\t0\n', "a query's own order stays");
  assert.equal(await out(LIST[0], 'tsv', 'missing'), '');
});

test('the documented query for an address works', async () => {
  const nic = {
    ipConfigurations: [
      {
        privateIpAddress: '10.0.1.4',
        privateLinkConnectionProperties: { requiredMemberName: 'registry_data_westeurope', fqdns: ['r.westeurope.data.azurecr.io'] },
      },
      { privateIpAddress: '10.0.1.5', privateLinkConnectionProperties: { requiredMemberName: 'registry', fqdns: ['r.azurecr.io'] } },
    ],
  };
  assert.equal(await out(nic, 'tsv', "ipConfigurations[?privateLinkConnectionProperties.requiredMemberName=='registry'].privateIpAddress"), '10.0.1.5\n');
});

test('tables have scalars only, without id, type and etag; or the columns of the command', async () => {
  assert.equal(
    await out(LIST, 'table'),
    [
      'Count    Enabled    Location    Name',
      '-------  ---------  ----------  ------',
      '3        True       westeurope  b',
      '0        False      eastus      a',
      '',
    ].join('\n'),
  );
  assert.equal(
    await render(LIST, { format: 'table', columns: { NAME: 'name', SKU: 'sku.name', MISSING: 'x.y' } }),
    'NAME    SKU      MISSING\n------  -------  ---------\nb       Premium\na       Basic\n',
  );
  assert.equal(
    await render(
      { id: '/a/b', of: [1, 2], at: '2026-01-01T00:00:00.123000+00:00', exact: '2026-01-01T00:00:00Z' },
      {
        format: 'table',
        columns: { A: 'id.name()', B: 'of', C: 'of.count()', D: 'at.seconds()', E: 'exact.seconds()', F: 'none.count()', G: 'none.seconds()' },
      },
    ),
    [
      'A    B     C    D                     E                     F    G',
      '---  ----  ---  --------------------  --------------------  ---  ---',
      'b    1, 2  2    2026-01-01T00:00:00Z  2026-01-01T00:00:00Z  0',
      '',
    ].join('\n'),
  );
  assert.equal(await out(['x', 'y'], 'table'), 'Result\n--------\nx\ny\n');
  assert.equal(await out(LIST, 'table', '[].[name, count]'), 'Column1    Column2\n---------  ---------\nb          3\na          0\n');
  assert.equal(await out([], 'table'), '');
});

test('yaml is sorted and has its lists unindented', async () => {
  assert.equal(await out({ b: ['x', { c: null }], a: true }, 'yaml'), 'a: true\nb:\n- x\n- c: null\n');
  // Texts that YAML 1.1 readers (PyYAML) would take for something else are quoted.
  assert.equal(await out({ at: '2026-01-01T00:00:00.000Z', b: 'yes', c: '1' }, 'yaml'), 'at: "2026-01-01T00:00:00.000Z"\nb: "yes"\nc: "1"\n');
});

test('nothing and none print nothing', async () => {
  assert.equal(await out(null, 'json'), '');
  assert.equal(await out(LIST, 'none'), '');
});

test('a malformed query is an error of usage', async () => {
  await assert.rejects(out(LIST, 'json', '[?'), /argument --query: invalid/);
});

test('control characters in values are written out, not obeyed, and JSON stays JSON', async () => {
  const value = [{ name: 'a\u001b[31m\r\n\u009b2J\u007f' }];
  const json = await out(value, 'json');
  assert.doesNotMatch(json, /[^\P{Cc}\n]/u);
  assert.deepEqual(JSON.parse(json), value);
  assert.equal((await out(value, 'table')).split('\n')[2], 'a\\u001b[31m\\u000d\\u000a\\u009b2J\\u007f');
});
