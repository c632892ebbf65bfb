import type { Command } from 'commander';
import type { PullProgress } from '../fetch/pullFile.js';
import { type PullTarget, pullModel } from '../fetch/pullModel.js';
import { BPU_CHIPS } from '../model/BpuChip.js';
import { resolveModel } from '../model/resolveModel.js';
import type { CommandContext } from './CommandContext.js';
import { choiceOption } from './options.js';
import { megabytes, type Terminal } from './Terminal.js';

const PULL_TARGETS = ['cpu', ...BPU_CHIPS] as const;

interface PullCommandOptions {
  readonly for: PullTarget;
  readonly acceptChanged?: boolean;
  readonly json?: boolean;
}

/** `effvit model pull MODEL`. */
export function registerModelPull(command: Command, { terminal, signal }: CommandContext): void {
  command
    .argument('<model>', 'name of a model, or a folder with a manifest.yaml')
    .addOption(choiceOption('--for <target>', 'what the files are for', PULL_TARGETS, 'cpu'))
    .option('--accept-changed', 'take a file that differs from the one first downloaded')
    .option('--json', 'one JSON object instead of text')
    .addHelpText(
      'after',
      '\nEFFVIT_MODEL_MIRROR replaces scheme and host of every address; HTTPS_PROXY and NO_PROXY are honoured.\nExample: effvit model pull efficientvit_m5 --for rdk-x5\n',
    )
    .action(async (name: string, options: PullCommandOptions) => {
      const manifest = await resolveModel(name);
      const files = await pullModel(manifest, {
        target: options.for,
        signal,
        acceptChanged: options.acceptChanged === true,
        onProgress: pullProgress(terminal),
      });
      if (options.json === true) return terminal.json({ model: manifest.name, files });
      for (const file of files) {
        terminal.line(`${file.action.padEnd(10)} ${file.path}  ${megabytes(file.lengthBytes)}`);
        terminal.line(`           sha256 ${file.sha256}`);
      }
    });
}

function pullProgress(terminal: Terminal): (progress: PullProgress) => void {
  let last = '';
  const once = (text: string): void => {
    if (text !== last) terminal.note(text);
    last = text;
  };
  return (progress) => {
    switch (progress.phase) {
      case 'downloading': {
        const { file, receivedBytes, totalBytes, resumedFromBytes } = progress;
        if (resumedFromBytes > 0) once(`${file}: going on from ${megabytes(resumedFromBytes)}`);
        if (totalBytes === undefined) once(`${file}: downloading (the server does not say how much)`);
        else {
          const label = `${file} ${megabytes(receivedBytes)} of ${megabytes(totalBytes)}`;
          terminal.progress(label, receivedBytes, totalBytes);
        }
        break;
      }
      case 'retrying':
        terminal.warn(
          `${progress.file}: ${progress.reason}; attempt ${progress.attempt} in ${(progress.delayMs / 1000).toFixed(1)} s`,
        );
        break;
      case 'waiting':
        once('Waiting for another process that gets the same model ...');
        break;
      default:
        once(`${progress.file}: ${progress.phase}`);
    }
  };
}
