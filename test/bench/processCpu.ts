import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ: Linux tells processor time to user space in hundredths of a second on every platform. */
const TICK_MS = 10;

/** utime and stime of one stat file of /proc, which stand behind the name in parentheses. */
function ticks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** Processor time of a process with all its threads, milliseconds since it began. */
export function processCpuMs(pid: number): number {
  return ticks(readFileSync(`/proc/${pid}/stat`, 'latin1')) * TICK_MS;
}

/** Processor time of the middleware's own threads, which Fast DDS names dds.*, in milliseconds. */
export function ddsCpuMs(pid: number): number {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1');
    if (stat.includes('(dds.')) sum += ticks(stat);
  }
  return sum * TICK_MS;
}
