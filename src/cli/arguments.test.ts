/** The argument grammar: az's forms, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Arguments, parseArguments } from './arguments.ts';
import { UsageError } from './failure.ts';
import { nameOption, type Option, RESOURCE_GROUP } from './options.ts';

const OPTIONS: readonly Option[] = [
  nameOption('thing'),
  { ...RESOURCE_GROUP, required: false },
  { name: 'group-ids', aliases: ['group-id'], kind: 'list', summary: '' },
  { name: 'admin-enabled', kind: 'boolean', summary: '' },
  { name: 'yes', short: 'y', kind: 'flag', summary: '' },
  { name: 'ttl', kind: 'integer', summary: '' },
  { name: 'sku', kind: 'text', choices: ['Basic', 'Standard', 'Premium'], summary: '' },
  { name: 'tags', kind: 'list', summary: '' },
  { name: 'identities', kind: 'list', alone: ['[system]'], summary: '' },
];
const parse = (...argv: string[]): Arguments => parseArguments({ options: OPTIONS }, argv);
const refused = (expected: RegExp, ...argv: string[]): UsageError => {
  let thrown: unknown;
  try {
    parse(...argv);
  } catch (error) {
    thrown = error;
  }
  assert.ok(thrown instanceof UsageError, `${argv.join(' ')} was taken`);
  assert.match(thrown.message, expected);
  return thrown;
};

test('every way of giving a value is the same', () => {
  for (const argv of [['--name', 'a'], ['--name=a'], ['-n', 'a'], ['-n=a'], ['-na']]) assert.equal(parse(...argv).need('name'), 'a', argv.join(' '));
  assert.equal(parse('-n', 'a', '--name', 'b').need('name'), 'b');
  assert.equal(parse('--name=a=b').need('name'), 'a=b');
  assert.equal(parse('--name=').need('name'), '');
});

test('a list takes what follows up to the next flag, and its alias is the same option', () => {
  const args = parse('--group-ids', 'a', 'b', '-n', 'x');
  assert.deepEqual(args.list('group-ids'), ['a', 'b']);
  assert.deepEqual(parse('-n', 'x', '--group-id', 'registry').list('group-ids'), ['registry']);
  assert.deepEqual(parse('-n', 'x', '--tags', 'a=1', 'b', 'c=x=y').pairs('tags'), { a: '1', b: '', c: 'x=y' });
  assert.deepEqual(parse('-n', 'x', '--tags', '').pairs('tags'), {});
  assert.deepEqual(parse('--identities', '-n', 'x').list('identities'), ['[system]'], 'a list that may stand alone');
  assert.deepEqual(parse('--identities', 'a', '-n', 'x').list('identities'), ['a']);
  assert.equal(parse('-n', 'x').list('identities'), undefined);
});

test('a boolean takes true or false, and alone means true', () => {
  assert.equal(parse('-n', 'x', '--admin-enabled', 'false').boolean('admin-enabled'), false);
  assert.equal(parse('-n', 'x', '--admin-enabled=True').boolean('admin-enabled'), true);
  assert.equal(parse('--admin-enabled', '-n', 'x').boolean('admin-enabled'), true);
  assert.equal(parse('-n', 'x').boolean('admin-enabled'), undefined);
  refused(/admin-enabled: invalid choice: 'maybe'/, '-n', 'x', '--admin-enabled=maybe');
});

test('numbers are numbers, also negative ones', () => {
  assert.equal(parse('-n', 'x', '--ttl', '-5').integer('ttl'), -5);
  refused(/--ttl: invalid int value: 'ten'/, '-n', 'x', '--ttl', 'ten');
});

test('choices are compared without regard to case and kept in their own', () => {
  assert.equal(parse('-n', 'x', '--sku', 'premium').text('sku'), 'Premium');
  assert.equal(refused(/Allowed values: Basic, Standard, Premium/, '-n', 'x', '--sku', 'Premum').suggestion, '--sku Premium');
});

test('an unknown flag is refused with everything that came with it, and the nearest known one is named', () => {
  const error = refused(/unrecognized arguments: --nmae a b/, '--nmae', 'a', 'b', '-n', 'x');
  assert.equal(error.suggestion, '--name');
  assert.equal(refused(/--resource/, '-n', 'x', '--resource', 'g').suggestion, '--resource-group');
  refused(/unrecognized arguments: stray/, '-n', 'x', 'stray');
  refused(/unrecognized arguments: a/, '-n', 'x', '--', 'a');
  refused(/--yes\/-y: takes no value/, '-n', 'x', '--yes=true');
});

test('missing arguments are all named, with their short forms', () => {
  refused(/the following arguments are required: --name\/-n$/);
  refused(/expected one argument/, '--name');
  refused(/expected at least one argument/, '-n', 'x', '--group-ids');
  assert.throws(() => parseArguments({ options: [], positionals: [{ name: 'REQUEST-ID', required: true, summary: '' }] }, []), /required: REQUEST-ID/);
});

test('with --help nothing else is asked for', () => {
  assert.equal(parse('--help', '--nonsense').boolean('help'), true);
  assert.equal(parse('-h').boolean('help'), true);
});

test('what stands behind -- belongs to somebody else', () => {
  const grammar = { options: OPTIONS, rest: 'COMMAND' };
  const args = parseArguments(grammar, ['-n', 'vm', '--', 'dig', '-t', 'A', '--', 'x']);
  assert.deepEqual(args.rest, ['dig', '-t', 'A', '--', 'x']);
  assert.deepEqual(args.positionals, []);
  assert.throws(() => parseArguments(grammar, ['-n', 'vm']), /required: -- COMMAND/);
  const list = parseArguments({ options: OPTIONS, rest: 'COMMAND' }, ['-n', 'vm', '--group-ids', 'a', '--', 'b']);
  assert.deepEqual([list.list('group-ids'), list.rest], [['a'], ['b']]);
});
