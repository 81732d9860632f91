/** The clients that a script can be played with as the program `az`: the Azure CLI of PyPI, Debian's, and `postern` in their place. */
import { accessSync, chmodSync, constants, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../server.ts';

/** The version of the Azure CLI that test/tools.sh installs from PyPI. */
export const AZ_VERSION = /^azure-cli==(.+)$/m.exec(readFileSync(join(import.meta.dirname, 'az/requirements.txt'), 'utf8'))?.[1] ?? '';
/** Where test/tools.sh puts it: as root for everybody, else for one user. */
const PLACES = ['/opt/postern-test-tools', join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'postern')];
const DEBIAN_AZ = '/usr/bin/az';
/** A client's own settings for Debian's defects; see there. */
const DEBIAN_REMEDY = join(import.meta.dirname, 'az-debian');

/** How each client is started: a line of sh, in which "$@" are its arguments. Undefined where it is not installed. */
const COMMANDS: Readonly<Record<string, () => string | undefined>> = {
  az: () => azPython() && `exec ${azPython()} -Im azure.cli "$@"`,
  'az-debian': () => (isDebianAz() ? `PYTHONPATH=${DEBIAN_REMEDY} exec ${DEBIAN_AZ} "$@"` : undefined),
  postern: () => `exec ${join(ROOT, 'bin/postern')} "$@"`,
};

/** The Python of the environment that the Azure CLI of PyPI is installed in, with the Azure SDK; undefined where it is not. */
export function azPython(): string | undefined {
  return PLACES.map((place) => join(place, `az-${AZ_VERSION}`, 'bin/python3')).find(isProgram);
}

/** Why a script cannot be played with the client; undefined when it can. @throws Error for a client that there is not. */
export function whyNot(client: string): string | undefined {
  const command = COMMANDS[client];
  if (!command) throw new Error(`'${client}' is no client; there are ${Object.keys(COMMANDS).join(', ')}`);
  if (command() !== undefined) return undefined;
  return `${client === 'az' ? `az ${AZ_VERSION}` : "Debian 12's az"} is not installed: npm run test:tools`;
}

/**
 * Writes the program `az` into a folder for PATH: one that machines see too. It reports nothing to Microsoft, asks for no newer version, and leaves no
 * compiled Python beside the sources.
 */
export function writeAz(folder: string, client: string): void {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'az');
  const settings = ['AZURE_CORE_COLLECT_TELEMETRY=0', 'AZURE_CORE_NO_COLOR=1', 'PYTHONDONTWRITEBYTECODE=1'];
  writeFileSync(path, `#!/bin/sh\n${client === 'postern' ? '' : `export ${settings.join(' ')}\n`}${COMMANDS[client]?.()}\n`);
  chmodSync(path, 0o755);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Microsoft's own package has the same program, at another version: that is not the one of Debian. */
function isDebianAz(): boolean {
  try {
    return isProgram(DEBIAN_AZ) && readFileSync(DEBIAN_AZ, 'utf8').includes('runpy') && readFileSync(DEBIAN_AZ, 'utf8').startsWith('#!/usr/bin/python3');
  } catch {
    return false;
  }
}
