import { readdirSync, readFileSync } from 'node:fs';

/** Processor time of a process by what its threads do, nanoseconds since it began. */
export interface ThreadCpu {
  readonly allNs: number;
  /** The main thread, which receives, hands over and publishes. */
  readonly mainNs: number;
  /** The middleware's own threads, which Fast DDS names dds.*. */
  readonly middlewareNs: number;
  /** Workers, the thread that waits for messages, and the runtime's own. */
  readonly othersNs: number;
}

/** By the scheduler's own account, which is exact to the nanosecond. */
export function threadCpu(pid: number): ThreadCpu {
  let [mainNs, middlewareNs, othersNs] = [0, 0, 0];
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${thread}`;
    const ranNs = Number(readFileSync(`${folder}/schedstat`, 'latin1').split(' ')[0]);
    if (thread === String(pid)) mainNs = ranNs;
    else if (readFileSync(`${folder}/comm`, 'latin1').startsWith('dds.')) middlewareNs += ranNs;
    else othersNs += ranNs;
  }
  return { allNs: mainNs + middlewareNs + othersNs, mainNs, middlewareNs, othersNs };
}

export function cpuBetween(before: ThreadCpu, after: ThreadCpu): ThreadCpu {
  return {
    allNs: after.allNs - before.allNs,
    mainNs: after.mainNs - before.mainNs,
    middlewareNs: after.middlewareNs - before.middlewareNs,
    othersNs: after.othersNs - before.othersNs,
  };
}
