/**
 * Plays every script of this folder, once for each client that it names, each time against a server of its own on its own data folder and ports, and
 * asserts that each was played and that none left anything behind.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { phrasesElsewhere } from '../elsewhere.ts';
import { writeImageLayout } from '../image.ts';
import { familyOf, freePorts, instanceOf, isAlive, killServer, postern, ROOT, serverLog } from '../server.ts';
import { azPython, whyNot, writeAz } from './az-clients.ts';
import { parseScript } from './script.ts';
import { runScript } from './script-run.ts';

interface Play {
  readonly name: string;
  readonly script: string;
  readonly client?: string;
}

const PLAYS = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.script'))
  .sort()
  .flatMap((script): Play[] => {
    const { clients } = parseScript(readFileSync(join(import.meta.dirname, script), 'utf8'));
    return clients.length === 0 ? [{ name: script, script }] : clients.map((client) => ({ name: `${script} with ${client}`, script, client }));
  });
/** No command of a script takes longer, however slow the machine. */
const LIMIT_MS = 60_000;
/** Plays of the Azure CLIs are most of them and wait much, for answers and by themselves: two at once. The suite is bounded by its plays alone: node:test takes Infinity for its own default. */
const AZURE_PLAYS = { concurrency: 2, timeout: 2 ** 31 - 1 };
const PLAY = { timeout: 600_000 };
/** Below the project, which machines see wherever it lies; places for passing files are their own. */
const SHARED = join(ROOT, '.postern/clients');
mkdirSync(SHARED, { recursive: true });
const ran = new Set<string>();
/** Plays of the Azure CLIs that meet most of what depends on the user who started the server: machines, docker in one, sign-in, the host's settings. */
const FOR_EVERY_USER = ['connect-privately.script with az', 'az-login.script with az'];

/** Why a play is left to another run, which the caller has said is made; undefined when it is to be made here. */
function playedElsewhere(script: string, client: string): string | undefined {
  if (client === 'postern' || FOR_EVERY_USER.includes(`${script} with ${client}`)) return undefined;
  return phrasesElsewhere().includes('played as root') ? 'played as root' : undefined;
}

const isAzure = ({ client }: Play): boolean => client !== undefined && client !== 'postern';
for (const play of PLAYS.filter((each) => !isAzure(each))) definePlay(play);
describe('with the Azure CLIs', AZURE_PLAYS, () => {
  for (const play of PLAYS.filter(isAzure)) definePlay(play);
});

test('every script of the folder was played', () => {
  assert.ok(PLAYS.length > 0, 'no script was found');
  assert.deepEqual([...ran].sort(), PLAYS.map(({ name }) => name).sort());
});

/** Command lines of live processes that name the folder: whatever a script or its server started and did not end. */
function processesNaming(folder: string): string[] {
  const found: string[] = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      if (command.includes(folder)) found.push(`${pid} ${command}`);
    } catch {
      // It ended meanwhile.
    }
  }
  return found;
}

/** One play, against a server of its own; nothing of it stays. */
function definePlay({ name, script, client }: Play): void {
  const skip = client === undefined ? undefined : (whyNot(client) ?? playedElsewhere(script, client));
  if (skip !== undefined) ran.add(name);
  test(name, skip === undefined ? PLAY : { skip }, async () => {
    const folder = mkdtempSync(join(SHARED, `${script.replace(/\.script$/, '')}-`));
    const data = join(folder, 'data');
    const work = join(folder, 'work');
    const home = join(folder, 'home');
    for (const path of [work, home]) mkdirSync(path);
    const [listen, open] = (await freePorts(2)) as [number, number];
    if (client !== undefined) writeAz(join(folder, 'bin'), client);
    const image = writeImageLayout(join(work, 'image'));
    const variables = {
      PATH: `${client === undefined ? '' : `${join(folder, 'bin')}:`}${join(ROOT, 'bin')}:${process.env.PATH}:/usr/sbin:/sbin`,
      HOME: home,
      LANG: 'C.UTF-8',
      WORK: work,
      CLIENT: client,
      ROOT,
      // Type stripping needs this one; the machine's own may be older.
      NODE: process.execPath,
      AZ_PYTHON: azPython(),
      AZURE_CONFIG_DIR: join(work, '.azure'),
      POSTERN_DATA: data,
      LISTEN: `127.0.0.1:${listen}`,
      PUBLIC: `127.0.0.1:${open}`,
      PUBLIC_PORT: String(open),
      IMAGE_DIGEST: image.digest,
      LAYER_DIGEST: image.largestLayer,
      OTHER_LAYER_DIGEST: image.smallestLayer,
      USER_NAMESPACE: process.getuid?.() === 0 ? '' : '--user --map-root-user',
    };
    let pids: number[] = [];
    try {
      await runScript(join(import.meta.dirname, script), { work, variables, limitMs: LIMIT_MS, ...(client === undefined ? {} : { client }) });
      ran.add(name);
      const instance = instanceOf(data);
      pids = instance ? familyOf(instance.pid) : [];
      if (instance) assert.equal(postern(data, 'down').status, 0, 'postern down failed');
      assert.ok(!existsSync(join(data, 'run/instance.json')), 'postern down left run/instance.json');
      assert.deepEqual(pids.filter(isAlive), [], 'postern down left processes');
      assert.deepEqual(processesNaming(folder), [], 'the script left processes');
    } catch (error) {
      (error as Error).message += `\n${serverLog(data)}`;
      throw error;
    } finally {
      const instance = instanceOf(data);
      if (instance) await killServer(instance);
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
