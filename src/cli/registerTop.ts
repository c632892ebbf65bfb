import type { Command } from 'commander';
import { watchStatistics } from '../ros/watchStatistics.js';
import type { CommandContext } from './CommandContext.js';
import { numberParser } from './options.js';
import { statisticsLine, statisticsLines } from './statisticsLines.js';

interface TopOptions {
  readonly wait: number;
  readonly count?: number;
  readonly json?: boolean;
}

/** `effvit top`: what a running node tells of itself, once a second. */
export function registerTop(command: Command, context: CommandContext): void {
  command
    .argument('[node]', 'fully qualified name of the node', '/classifier')
    .option('--wait <seconds>', 'the longest wait for the first message', numberParser(0.1, 3600), 10)
    .option('--count <n>', 'end after so many messages', numberParser(1, 1e9, true))
    .option('--json', 'one JSON object a line instead of text')
    .addHelpText('after', '\nExample: effvit top /classifier\n')
    .action(async (name: string, options: TopOptions) => {
      const { terminal, signal } = context;
      // It runs until it is stopped, so being stopped is its success.
      context.isSignalSuccess = true;
      const node = name.startsWith('/') ? name : `/${name}`;
      const enough = new AbortController();
      let count = 0;
      await watchStatistics([], {
        topic: `${node}/statistics`,
        signal: AbortSignal.any([signal, enough.signal]),
        waitMs: options.wait * 1000,
        onMessage: (message) => {
          if (options.json === true) terminal.line(JSON.stringify(message, plain));
          else if (terminal.isInteractive) terminal.redraw(statisticsLines(message, node, terminal));
          else terminal.line(statisticsLine(message));
          if (++count === options.count) enough.abort();
        },
      });
    });
}

/** Counts are 64 bits wide in ROS; NaN, which JSON lacks, becomes null by itself. */
function plain(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}
