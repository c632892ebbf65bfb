/** CPU and memory of this process between two looks, for diagnostics: a few microseconds a look. */
export class ProcessLoad {
  #lastCpuMicroseconds = 0;
  #lastNs = 0n;

  /** Percent of one core since the last call; undefined at the first. Memory is the resident set. */
  take(): { readonly cpuLoadPercent: number | undefined; readonly memoryMib: number } {
    const { user, system } = process.cpuUsage();
    const nowNs = process.hrtime.bigint();
    const cpuMicroseconds = user + system;
    const elapsedMicroseconds = Number(nowNs - this.#lastNs) / 1000;
    const isFirst = this.#lastNs === 0n;
    const share = (cpuMicroseconds - this.#lastCpuMicroseconds) / elapsedMicroseconds;
    this.#lastCpuMicroseconds = cpuMicroseconds;
    this.#lastNs = nowNs;
    return {
      cpuLoadPercent: isFirst ? undefined : 100 * share,
      memoryMib: process.memoryUsage.rss() / 2 ** 20,
    };
  }
}
