import { spawnSync } from 'node:child_process';
import { leaveOut } from './leaveOut.js';

let made = 0;

/** Two hosts as the middleware sees them: network namespaces with a wire between them. */
export class TwoHosts {
  readonly names: readonly [string, string];

  private constructor(names: readonly [string, string]) {
    this.names = names;
  }

  /** Leaves the suite out where there are no namespaces to be had: that takes root and ip. */
  static make(context: Mocha.Context): TwoHosts {
    made += 1;
    const id = `${process.pid % 10_000}${made}`;
    const hosts = new TwoHosts([`effvit${id}a`, `effvit${id}b`]);
    const [first, second] = hosts.names;
    const wire = [`ve${id}a`, `ve${id}b`] as const;
    const steps = [
      ...hosts.names.map((name) => ['netns', 'add', name]),
      ['link', 'add', wire[0], 'netns', first, 'type', 'veth', 'peer', 'name', wire[1], 'netns', second],
      ...hosts.names.flatMap((name, index) => [
        ['-n', name, 'link', 'set', 'lo', 'up'],
        ['-n', name, 'addr', 'add', `10.213.7.${index + 1}/24`, 'dev', wire[index] ?? ''],
        ['-n', name, 'link', 'set', wire[index] ?? '', 'up'],
        ['-n', name, 'route', 'add', '224.0.0.0/4', 'dev', wire[index] ?? ''],
      ]),
    ];
    for (const step of steps) {
      const { status, stderr } = spawnSync('ip', step, { encoding: 'utf8', timeout: 10_000 });
      if (status === 0) continue;
      hosts.remove();
      leaveOut(
        context,
        `network namespaces: they take root and ip (ip ${step.join(' ')}: ${stderr?.trim() || 'absent'})`,
      );
    }
    return hosts;
  }

  remove(): void {
    for (const name of this.names) spawnSync('ip', ['netns', 'del', name], { timeout: 10_000 });
  }
}

/** A command line that runs in a network namespace, where one is named; the process stays the same. */
export function commandOn(
  host: string | undefined,
  line: readonly [string, ...string[]],
): [string, ...string[]] {
  return host === undefined ? [...line] : ['ip', 'netns', 'exec', host, ...line];
}
