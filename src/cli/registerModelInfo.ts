import type { Command } from 'commander';
import { formatModelInfo } from '../inspect/formatModelInfo.js';
import { inspectModelFile } from '../inspect/inspectModelFile.js';
import type { CommandContext } from './CommandContext.js';

/** `effvit model info FILE`. */
export function registerModelInfo(command: Command, { terminal }: CommandContext): void {
  command
    .argument('<file>', 'the file')
    .option('--json', 'one JSON object instead of a table')
    .addHelpText('after', '\nExample: effvit model info EfficientViT_m5_224x224_nv12.bin\n')
    .action(async (path: string, options: { readonly json?: boolean }) => {
      const info = await inspectModelFile(path);
      if (options.json === true) terminal.json(info);
      else terminal.line(formatModelInfo(info));
    });
}
