import type { Command } from 'commander';
import { formatModelList, listModels } from '../model/listModels.js';
import type { CommandContext } from './CommandContext.js';

/** `effvit model list`. */
export function registerModelList(command: Command, { terminal, signal }: CommandContext): void {
  command
    .option('--json', 'a JSON array instead of a table')
    .action(async (options: { readonly json?: boolean }) => {
      const models = await listModels(process.env, signal);
      if (options.json === true) terminal.json(models);
      else terminal.line(formatModelList(models));
    });
}
