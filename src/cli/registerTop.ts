import type { Command } from 'commander';
import { RemoteView } from '../ros/RemoteView.js';
import { watchStatistics } from '../ros/watchStatistics.js';
import { LiveFeed } from '../web/LiveFeed.js';
import { LivePage } from '../web/LivePage.js';
import type { CommandContext } from './CommandContext.js';
import { DEFAULT_WEB_PORT, numberParser, webOption } from './options.js';
import { statisticsLine, statisticsLines } from './statisticsLines.js';

interface TopOptions {
  readonly wait: number;
  readonly count?: number;
  readonly json?: boolean;
  readonly web?: number | true;
  readonly webAddress: string;
}

/** `effvit top`: the statistics of a running node, once a second. */
export function registerTop(command: Command, context: CommandContext): void {
  command
    .argument('[node]', 'fully qualified name of the node', '/classifier')
    .option('--wait <seconds>', 'the longest wait for the first message', numberParser(0.1, 3600), 10)
    .option('--count <n>', 'end after so many messages', numberParser(1, 1e9, true))
    .option('--json', 'one JSON object a line instead of text')
    .addOption(webOption())
    .option(
      '--web-address <address>',
      'where the page is served; 0.0.0.0: for other machines too',
      '127.0.0.1',
    )
    .action(async (name: string, options: TopOptions) => {
      const { terminal, signal } = context;
      // It runs until it is stopped, so a signal is success.
      context.isSignalSuccess = true;
      const node = name.startsWith('/') ? name : `/${name}`;
      const feed = new LiveFeed(node);
      const { web, webAddress: address } = options;
      const port = web === true ? DEFAULT_WEB_PORT : web;
      const page = port === undefined ? undefined : await LivePage.start({ feed, port, address });
      if (page !== undefined) terminal.note(`Live page: ${page.url}`);
      const enough = new AbortController();
      let count = 0;
      try {
        await watchStatistics([], {
          topic: `${node}/statistics`,
          signal: AbortSignal.any([signal, enough.signal]),
          waitMs: options.wait * 1000,
          onMessage: (message) => {
            feed.statistics(message);
            if (options.json === true) terminal.line(JSON.stringify(message, plain));
            else if (terminal.isInteractive) terminal.redraw(statisticsLines(message, node, terminal));
            else terminal.line(statisticsLine(message));
            if (++count === options.count) enough.abort();
          },
          ...(page !== undefined && {
            alongside: (rcl, own) => {
              const view = new RemoteView(rcl, own, node, feed);
              return () => view.close();
            },
          }),
        });
      } finally {
        await page?.close();
      }
    });
}

/** ROS counts are bigint, which JSON cannot represent; NaN becomes null without help. */
function plain(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}
