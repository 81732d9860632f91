/** The running instance of a data folder, as `run/instance.json` states it, and whether it still lives. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, systemClock } from '#base/clock.ts';

/** What is known of a running instance: DATA/run/instance.json, written by its parent process, readable by its user only. */
export interface Instance {
  readonly pid: number;
  /** The first process of the world, as the host sees it; absent with fabric `none`. */
  readonly worldPid?: number;
  readonly rootless: boolean;
  readonly fabric: 'world' | 'none';
  /** `https://HOST:PORT` of the management API. */
  readonly url: string;
  readonly listen: string;
  readonly public: string;
  readonly domain: string;
  readonly hostDomain: string;
  readonly startedAt: string;
  readonly version: string;
}

/** The instance that runs on the data folder; undefined when none does, also when a file of a dead one lies there. */
export function runningInstance(data: string, clock: Clock = systemClock): Instance | undefined {
  let instance: Instance;
  try {
    instance = JSON.parse(readFileSync(join(data, 'run', 'instance.json'), 'utf8')) as Instance;
  } catch {
    return undefined;
  }
  return Number.isInteger(instance.pid) && instance.pid > 1 && lives(instance.pid, instance.startedAt, clock) ? instance : undefined;
}

/** Whether the process that wrote `startedAt` lives. A process that began later has only been given the same id. */
export function lives(pid: number, startedAt: string, clock: Clock = systemClock): boolean {
  let began: number;
  try {
    // proc_pid_stat(5): field 22 is the start in ticks (1/100 s) since boot, and 3 is the state; the name in field 2 may hold blanks.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return false;
    const uptimeSeconds = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
    began = clock.now() - (uptimeSeconds - Number(fields[19]) / 100) * 1000;
  } catch {
    return false;
  }
  return began <= Date.parse(startedAt) + 1000;
}
