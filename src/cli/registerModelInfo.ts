import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { formatModel, formatModelInfo } from '../inspect/formatModelInfo.js';
import { inspectModel } from '../inspect/inspectModel.js';
import { inspectModelFile } from '../inspect/inspectModelFile.js';
import { resolveModel } from '../model/resolveModel.js';
import type { CommandContext } from './CommandContext.js';

/** `effvit model info MODEL`. */
export function registerModelInfo(command: Command, { terminal }: CommandContext): void {
  command
    .argument('<model>', 'a model, a folder with a manifest.yaml, or a file')
    .option('--json', 'one JSON object instead of a table')
    .action(async (nameOrPath: string, options: { readonly json?: boolean }) => {
      if ((await stat(nameOrPath).catch(() => undefined))?.isFile()) {
        const info = await inspectModelFile(nameOrPath);
        if (options.json === true) terminal.json(info);
        else terminal.line(formatModelInfo(info));
        return;
      }
      const model = await inspectModel(await resolveModel(nameOrPath));
      if (options.json === true) terminal.json(model);
      else terminal.line(formatModel(model));
    });
}
