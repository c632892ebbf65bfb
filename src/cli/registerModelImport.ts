import type { Command } from 'commander';
import { importWorkconfig } from '../model/importWorkconfig.js';
import type { CommandContext } from './CommandContext.js';

interface ImportCommandOptions {
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `effvit model import WORKCONFIG.json`. */
export function registerModelImport(command: Command, { terminal }: CommandContext): void {
  command
    .argument('<config>', 'the .json file')
    .option('--force', 'replace a model of the same name')
    .option('--json', 'one JSON object instead of text')
    .action(async (path: string, options: ImportCommandOptions) => {
      const manifest = await importWorkconfig(path, { force: options.force === true });
      if (options.json === true) terminal.json({ name: manifest.name, folder: manifest.folderPath });
      else terminal.line(`${manifest.name} is a model now (${manifest.folderPath}): use it by that name.`);
    });
}
