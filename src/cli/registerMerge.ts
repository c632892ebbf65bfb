import type { Command } from 'commander';
import { FleetFolder } from '../fleet/FleetFolder.js';
import { findBags } from '../fleet/findBags.js';
import type { CommandContext } from './CommandContext.js';
import { fleetInputs, mergeFleet } from './fleetCommand.js';
import { forceOption } from './options.js';
import { checkOutputs } from './outputs/checkOutputs.js';

interface MergeOptions {
  readonly run?: string;
  readonly report?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `effvit merge FOLDER [BAGS...]`: one report of the results that shards wrote to a folder. */
export function registerMerge(command: Command, context: CommandContext): void {
  command
    .argument('<folder>', 'the --output-dir of replay or eval')
    .argument('[bag...]', 'bags, folders, patterns or @lists as given to replay; missing ones are reported')
    .option('--run <key>', 'the run, or the first characters of its key, if the folder has several')
    .option('--report <file>', 'write the HTML page here, too')
    .addOption(forceOption())
    .option('--json', 'one JSON object instead of tables');
  command.action(async (path: string, bags: readonly string[], options: MergeOptions) => {
    const folder = await FleetFolder.existing(path, options.run);
    const found = bags.length === 0 ? undefined : await findBags(bags);
    await checkOutputs({
      inputs: async () => [path, folder.runPath(), ...(await fleetInputs(bags, found ?? []))],
      outputs: [{ option: '--report', path: options.report, kind: 'html' }],
      isForced: options.force,
    });
    const names = found?.map(({ name }) => name) ?? (await folder.names());
    await mergeFleet(folder, names, options, true, context);
  });
}
