/** The rules of the house, as data with their reasons, and the one function that holds a source tree against them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { type Import, importsOf, type Source, scan, type Token } from './source.ts';

/** One permission of a room: what it may import, and why that is right. */
export interface Allowance {
  /** A room, or one file of a room (`fabric/fabric.ts`), or a file at the root (`config.ts`). */
  readonly of: string;
  /** True: types only, which are gone when the program runs. */
  readonly typesOnly?: true;
  readonly because: string;
}

export interface Room {
  /** What is told to whoever imports something that is not allowed. */
  readonly because: string;
  readonly may: readonly Allowance[];
}

const vocabulary: Allowance = { of: 'base', because: 'base is the vocabulary that every room speaks' };
const exchange: Allowance = { of: 'http', because: 'requests and replies are data of http/' };
const records: Allowance = { of: 'store', because: 'it keeps records of its own' };
const identities: Allowance = { of: 'identity', because: 'it acts on who asks' };
const snapshot: Allowance = { of: 'topology', because: 'it reads the snapshot and asks pure questions of it' };
const fabricContract: Allowance = {
  of: 'fabric/fabric.ts',
  typesOnly: true,
  because: 'sockets and outcomes are shapes of the fabric contract; the driver is handed in by main.ts',
};
const settings: Allowance = { of: 'config.ts', typesOnly: true, because: 'the configuration is one plain object that is handed in' };

/** Which room may import what. A room that is not here may not exist; its own files are always allowed. */
export const ROOMS: Readonly<Record<string, Room>> = {
  base: { because: 'base is the vocabulary below everything: it imports nothing of ours and does no I/O', may: [] },
  http: {
    because: 'http is mechanics of requests and replies and knows no plane',
    may: [vocabulary, { of: 'topology/arrival.ts', typesOnly: true, because: 'a plane takes a request and an arrival' }],
  },
  store: { because: 'the store keeps records and knows no rule of Azure or OCI', may: [vocabulary] },
  blobs: { because: 'blobs are bytes by digest and know no registry', may: [vocabulary] },
  topology: { because: 'topology is pure: facts in, snapshot out', may: [vocabulary] },
  identity: {
    because: 'identity says who asks; it does not know what they ask for',
    may: [
      vocabulary,
      exchange,
      records,
      { of: 'topology/access.ts', because: 'who may change the directory is a role, as everywhere' },
      { ...snapshot, typesOnly: true, because: 'a machine has identities by the snapshot' },
    ],
  },
  dns: { because: 'dns reads the newest snapshot and never calls back', may: [vocabulary, snapshot, fabricContract] },
  fabric: { because: 'the fabric makes what the snapshot says and knows nobody who asks for it', may: [vocabulary, snapshot] },
  registry: {
    because: 'the registry reads the newest snapshot and never calls the control plane, the edge or the fabric',
    may: [vocabulary, exchange, records, { of: 'blobs', because: 'it serves bytes by digest' }, identities, snapshot],
  },
  edge: {
    because: 'the edge is where connections arrive; planes are handed to it, and it knows none of their rules',
    may: [vocabulary, exchange, identities, snapshot, fabricContract, settings],
  },
  arm: {
    because: 'the engine serves every type alike and knows none by name',
    may: [vocabulary, exchange, records, identities, snapshot, fabricContract],
  },
  providers: {
    because: 'a resource type states facts through the contract of the engine; hooks get a reader, never the store',
    may: [
      vocabulary,
      { of: 'arm/resource-type.ts', because: 'the contract of a resource type' },
      { of: 'arm/jobs.ts', typesOnly: true, because: 'what an action hands to another room, and what comes back, is data of the contract' },
      { of: 'topology/facts.ts', typesOnly: true, because: 'facts are what a type states' },
      { of: 'topology/address-pool.ts', because: 'how many addresses a subnet has is counted in one place' },
      { of: 'topology/addresses.ts', because: 'a network is given its public address from the one plan of the world' },
      { of: 'topology/snapshot.ts', typesOnly: true, because: 'present() shows what the snapshot says' },
    ],
  },
  cli: {
    because: 'the CLI is a client over HTTPS: what it knows of the server it asks the server',
    may: [
      vocabulary,
      { of: 'config.ts', because: 'up checks its flags before it starts anything' },
      { of: 'instance.ts', because: 'commands find the running server by what it wrote of itself' },
    ],
  },
};

/** Files at the root of src/, and files of rooms with a permission of their own. */
export const FILES: Readonly<Record<string, Room>> = {
  'main.ts': {
    because: 'the server is started by host.ts and by nobody else',
    may: Object.keys(ROOMS)
      .filter((room) => room !== 'cli')
      .map((of) => ({ of, because: 'main.ts composes every room of the server' }))
      .concat({ of: 'config.ts', because: 'the configuration is handed to main.ts' }),
  },
  'host.ts': {
    because: 'the parent opens listeners and starts the world; it holds no state and serves nothing',
    may: [
      vocabulary,
      { of: 'config.ts', because: 'it hands the configuration down' },
      { of: 'instance.ts', because: 'it writes what is known of the run' },
      { of: 'fabric', because: 'listeners of the host are opened by fabric/sockets.ts' },
      { of: 'main.ts', because: 'it starts the server as a process of its own' },
    ],
  },
  'config.ts': { because: 'the configuration is one plain object', may: [vocabulary] },
  'instance.ts': { because: 'what a run writes of itself is one file, read back by the CLI', may: [vocabulary] },
};

/** Who may use what comes from outside: packages, and the modules of Node that reach the kernel or the network. `types` of them are free. */
export const MODULES: Readonly<Record<string, { readonly in: readonly string[]; readonly because: string }>> = {
  zod: { in: ['base/schema.ts'], because: 'schemas stand behind base/schema.ts, which reports every problem with its target' },
  pino: { in: ['base/log.ts'], because: 'logs stand behind base/log.ts' },
  kysely: { in: ['store'], because: 'only the store knows SQL' },
  'node:sqlite': { in: ['store'], because: 'only the store knows its engine' },
  jose: { in: ['identity'], because: 'tokens are made and verified in one room' },
  'dns-packet': { in: ['dns'], because: 'only dns speaks DNS messages' },
  '@jmespath-community/jmespath': { in: ['cli'], because: 'only the CLI has --query' },
  yaml: { in: ['cli'], because: 'only the CLI prints YAML' },
  koffi: { in: ['fabric'], because: 'only fabric/ makes system calls; other rooms get what they need from fabric/sockets.ts' },
  'node:child_process': {
    in: ['fabric', 'host.ts', 'cli/own-process.ts', 'cli/tools.ts'],
    because:
      'only fabric/ and host.ts start processes, and the CLI itself once more (up --detach, the clients of the quickstart) and the docker of the one who logs in',
  },
  'node:cluster': { in: [], because: 'processes are started by host.ts alone' },
  'node:perf_hooks': { in: ['base/clock.ts'], because: 'only base/clock.ts reads the time' },
  'node:net': { in: ['dns', 'edge', 'http', 'fabric', 'cli', 'base/ip.ts'], because: 'sockets are the business of edge, dns and fabric' },
  'node:http': { in: ['edge', 'http', 'cli'], because: 'planes take requests as data' },
  'node:https': { in: ['edge', 'http', 'cli'], because: 'planes take requests as data' },
  'node:http2': { in: ['edge', 'http'], because: 'planes take requests as data' },
  'node:tls': { in: ['edge', 'http', 'cli', 'identity/certificate-authority.ts'], because: 'connections are the business of edge' },
  'node:dgram': { in: ['dns', 'fabric'], because: 'sockets are the business of edge, dns and fabric' },
  'node:dns': { in: [], because: 'nothing of ours asks the host for a name (that could send credentials to a real registry); a program inside a machine may' },
  'node:dns/promises': {
    in: ['cli/quickstart/lookup.ts'],
    because: 'nothing of ours asks the host for a name: that could send credentials to a real registry',
  },
};

/** Files that load others by a computed path, what they load, and why. Nobody else may. */
export const LOADERS: Readonly<Record<string, { readonly loads: string; readonly because: string }>> = {
  'cli/tree.ts': { loads: 'cli/commands', because: 'the path of a command file is its grammar, and only the command that was typed is loaded' },
};

/** Rooms that touch nothing outside: no file system, no operating system. */
const NO_INPUT_OUTPUT = new Set(['base', 'topology', 'arm', 'providers']);

/** Files longer than 500 lines, each with its reason. */
export const LONG_FILES: Readonly<Record<string, string>> = {};
export const MAX_LINES = 500;

/** The one list that is allowed to be an index. */
const INDEX = 'providers/index.ts';
/** Tests, and the suites and fixtures that stand beside product code and are imported by tests only. */
const TEST_CODE = /(?:\.test|(?:^|[./])fixture|(?:^|\/)conformance)\.ts$/;
/** Where a program begins: nothing imports these. */
const ROOTS = new Set(['main.ts', 'cli/main.ts']);

/** Suffixes that say nothing of what a thing is. */
const EMPTY_SUFFIX = /(?:Manager|Helper|Util|Service|Factory|Controller|Info)s?$/;
const EMPTY_FILE_NAME = /(?:^|-)(?:manager|helper|util|service|factory|controller|info|common|misc)s?\.(?:test\.)?ts$/;
/** Names that end so because a standard named them. */
const STANDARD_NAMES = new Set<string>([]);

export interface Violation {
  /** Path below src/. */
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

interface File {
  readonly path: string;
  readonly room: string | undefined;
  readonly source: Source;
  readonly imports: readonly Import[];
  readonly computed: readonly number[];
}

const isTest = (path: string): boolean => TEST_CODE.test(path);
const covers = (where: string, path: string): boolean => where === path || path.startsWith(`${where}/`);

/** Reads every TypeScript file below `folder`, by path relative to it. */
export function readTree(folder: string): Map<string, string> {
  const paths = (readdirSync(folder, { recursive: true }) as string[]).filter((path) => path.endsWith('.ts') || path.endsWith('.tsx')).sort();
  return new Map(paths.map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
}

/** The path below src/ that a specifier of ours names; undefined for modules from outside. */
function target(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('#')) return posix.normalize(specifier.slice(1));
  if (specifier.startsWith('.') || specifier.startsWith('/')) return posix.normalize(posix.join(posix.dirname(from), specifier));
  return undefined;
}

type Read = Pick<File, 'source' | 'imports' | 'computed'>;
/** Texts that were read before: a test reads the same tree many times with one file changed. */
const readBefore = new Map<string, Read>();

function readSource(text: string): Read {
  let read = readBefore.get(text);
  if (!read) {
    const source = scan(text);
    read = { source, ...importsOf(source) };
    readBefore.set(text, read);
  }
  return read;
}

/** Everything in the tree that breaks a rule, in order of file and line. `tree` maps paths below src/ to their texts. */
export function violations(tree: ReadonlyMap<string, string>): Violation[] {
  const found: Violation[] = [];
  const files = new Map<string, File>();
  for (const [path, text] of tree) files.set(path, { path, room: path.includes('/') ? path.slice(0, path.indexOf('/')) : undefined, ...readSource(text) });
  for (const file of files.values()) {
    const report = (line: number, message: string): void => void found.push({ file: file.path, line, message });
    placeOf(file, report);
    importRules(file, files, report);
    nameRules(file, report);
    if (!isTest(file.path) && file.path !== 'base/clock.ts') timeRules(file.source.tokens, report);
    for (const { text, line } of file.source.comments) {
      const mark = /\b(?:TODO|FIXME|XXX|HACK)\b/.exec(text);
      if (mark) report(line, `${mark[0]}: finish it, or say in docs/unknowns.md what is not known`);
    }
  }
  found.push(...cycles(files), ...orphans(files));
  return found.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
}

type Report = (line: number, message: string) => void;

function placeOf(file: File, report: Report): void {
  if (file.room === undefined ? !FILES[file.path] && !file.path.endsWith('.test.ts') : !ROOMS[file.room])
    report(1, `no such room: a file stands in one of ${Object.keys(ROOMS).join(', ')}; a new room enters the table with its reason`);
  if (/(?:^|\/)index\.tsx?$/.test(file.path) && file.path !== INDEX)
    report(1, `barrels are not allowed: import from the file that owns the name; only ${INDEX} is a list`);
  if (EMPTY_FILE_NAME.test(file.path)) report(1, 'the file name says nothing: name it by the noun of the standard');
  if (file.source.lines > MAX_LINES && !LONG_FILES[file.path])
    report(MAX_LINES + 1, `${file.source.lines} lines: over ${MAX_LINES} a file wants to be two, or a stated reason in test/architecture/rules.ts`);
}

function importRules(file: File, files: ReadonlyMap<string, File>, report: Report): void {
  if (!LOADERS[file.path]) for (const line of file.computed) report(line, 'a computed import cannot be checked: write the module out');
  for (const { specifier, form, line } of file.imports) {
    const said = `${form} of '${specifier}'`;
    const path = target(file.path, specifier);
    if (form === 're-export' || form === 're-export type') report(line, `${said}: a name has one home; import it from there`);
    if (form === 'require') report(line, `${said}: modules are imported`);
    if (path === undefined) {
      const reason = outsideRule(file, specifier, form);
      if (reason) report(line, `${said}: ${reason}`);
      continue;
    }
    // Generated or packaged files outside src/ (package.json) are data.
    if (path.startsWith('../')) {
      if (path.endsWith('.ts') && !isTest(file.path)) report(line, `${said}: the product imports nothing outside src/`);
      continue;
    }
    if (!files.has(path)) {
      report(line, `${said}: there is no such file`);
      continue;
    }
    if (specifier.startsWith('#') && files.get(path)?.room === file.room && file.room !== undefined)
      report(line, `${said}: inside a room imports are relative`);
    if (isTest(path) && !isTest(file.path)) report(line, `${said}: product code does not import test code`);
    if (isTest(file.path)) continue;
    const reason = roomRule(file, path, form);
    if (reason) report(line, `${said}: ${reason}`);
  }
}

/** Why a file may not use a module from outside; undefined when it may. */
function outsideRule(file: File, specifier: string, form: Import['form']): string | undefined {
  if (isTest(file.path)) return undefined;
  const module = specifier.startsWith('node:')
    ? specifier
    : specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/');
  const rule = MODULES[module];
  if (rule) {
    if (rule.in.some((where) => covers(where, file.path))) return undefined;
    return form === 'import type' && module.startsWith('node:') ? undefined : rule.because;
  }
  if (!module.startsWith('node:')) return 'an unknown dependency: it enters the table of test/architecture/rules.ts and docs/decisions/ with its reason';
  if (NO_INPUT_OUTPUT.has(file.room ?? '') && /^node:(?:fs|os|process|worker_threads)(?:\/|$)/.test(module)) return `${file.room} does no input or output`;
  return undefined;
}

/** Why a file may not import another file of ours; undefined when it may. */
function roomRule(file: File, path: string, form: Import['form']): string | undefined {
  const room = file.room === undefined ? FILES[file.path] : ROOMS[file.room];
  if (!room || (file.room !== undefined && covers(file.room, path))) return undefined;
  // The one step from a client to a server: up starts it and exec enters its machines, late, so that no other command pays for it.
  if (path === 'host.ts' && file.path === 'cli/host-run.ts' && form === 'dynamic') return undefined;
  const allowance = room.may.find(({ of }) => covers(of, path));
  const name = file.room ?? file.path;
  if (!allowance) return `${name} may not import ${path}, for ${room.because}`;
  if (allowance.typesOnly && form !== 'import type') return `${name} may take only types (import type) of ${path}, for ${allowance.because}`;
  return undefined;
}

function nameRules(file: File, report: Report): void {
  const { tokens } = file.source;
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'word' || !/^(?:class|interface|type)$/.test(token.text) || tokens[index - 1]?.text === '.') continue;
    const name = tokens[index + 1];
    const opens = tokens[index + 2];
    const declares = name?.kind === 'word' && opens !== undefined && ('={<'.includes(opens.text) || opens.text === 'extends' || opens.text === 'implements');
    if (declares && EMPTY_SUFFIX.test(name.text) && !STANDARD_NAMES.has(name.text))
      report(name.line, `${name.text}: the suffix says nothing; use the standard's noun`);
  }
}

/** Reading the time: `Date.now()`, `new Date()`, `Date()`, `performance.now()`, `process.hrtime()`. `new Date(value)` is arithmetic and allowed. */
function timeRules(tokens: readonly Token[], report: Report): void {
  const text = (index: number): string => tokens[index]?.text ?? '';
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'word') continue;
    const property = text(index + 1) === '.' ? text(index + 2) : '';
    const reads =
      (token.text === 'Date' && property === 'now') ||
      (token.text === 'Date' && text(index - 1) === 'new' && (text(index + 1) !== '(' || text(index + 2) === ')')) ||
      (token.text === 'Date' && text(index - 1) !== 'new' && text(index + 1) === '(') ||
      (token.text === 'performance' && text(index + 1) === '.') ||
      (token.text === 'process' && (property === 'hrtime' || property === 'uptime')) ||
      (token.text === 'Temporal' && property === 'Now');
    if (reads) report(token.line, 'only base/clock.ts reads the time: take a Clock');
    if (token.text === 'fetch' && text(index + 1) === '(' && text(index - 1) !== '.' && text(index - 1) !== 'function')
      report(token.line, 'outbound calls leave through one door, fabric/egress');
  }
}

/** Import cycles, each told once, at its first file. Types count: a cycle of shapes is a cycle of thoughts. */
function cycles(files: ReadonlyMap<string, File>): Violation[] {
  const found: Violation[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const trail: string[] = [];
  const visit = (path: string): void => {
    state.set(path, 'open');
    trail.push(path);
    for (const { specifier, line } of files.get(path)?.imports ?? []) {
      const next = target(path, specifier);
      if (next === undefined || !files.has(next)) continue;
      if (state.get(next) === 'open') {
        const circle = [...trail.slice(trail.indexOf(next)), next];
        found.push({ file: path, line, message: `import cycle: ${circle.join(' -> ')}` });
      } else if (!state.has(next)) visit(next);
    }
    trail.pop();
    state.set(path, 'done');
  };
  for (const path of files.keys()) if (!state.has(path)) visit(path);
  return found;
}

/** Product files that no other product file imports: nobody would notice if they were gone. */
function orphans(files: ReadonlyMap<string, File>): Violation[] {
  const used = new Set<string>();
  for (const file of files.values()) {
    if (file.path.endsWith('.test.ts')) continue;
    for (const { specifier } of file.imports) used.add(target(file.path, specifier) ?? '');
  }
  const loaded = (path: string): boolean => Object.values(LOADERS).some(({ loads }) => covers(loads, path));
  return [...files.keys()]
    .filter((path) => !used.has(path) && !ROOTS.has(path) && !isTest(path) && !loaded(path))
    .map((file) => ({ file, line: 1, message: 'nothing imports this file' }));
}
