import { Argument, type Command } from 'commander';
import { BPU_CHIPS } from '../model/BpuChip.js';
import { formatModelList } from '../model/formatModelList.js';
import { listModels } from '../model/listModels.js';
import { EFFICIENTVIT_VARIANTS } from '../model/ModelManifest.js';
import { resolveModel } from '../model/resolveModel.js';
import {
  type BuildModelFileOptions,
  buildModelFile,
  parseEfficientVitVariant,
} from '../modelling/efficientvit/buildModelFile.js';
import type { PullProgress } from '../modelling/fetch/PullProgress.js';
import { type PullTarget, pullModel } from '../modelling/fetch/pullModel.js';
import { formatModelInfo } from '../modelling/inspect/formatModelInfo.js';
import { inspectModelFile } from '../modelling/inspect/inspectModelFile.js';
import type { CommandContext } from './CommandContext.js';
import { choiceOption, forceOption, numberParser } from './options.js';
import { checkOutputs } from './outputs/checkOutputs.js';
import type { Terminal } from './Terminal.js';

const OPSETS = ['11', '13', '17'] as const;
const PULL_TARGETS = ['cpu', ...BPU_CHIPS] as const;

interface BuildOptions {
  readonly weights: string;
  readonly output?: string;
  readonly opset: (typeof OPSETS)[number];
  readonly batch: number | 'dynamic';
  readonly input: 'rgb' | 'nv12';
  readonly range: 'full' | 'limited';
  readonly classes?: number;
  readonly force?: boolean;
  readonly json?: boolean;
}

interface PullCommandOptions {
  readonly for: PullTarget;
  readonly acceptChanged?: boolean;
  readonly json?: boolean;
}

/** `effvit model build | pull | list | info`. */
export function registerModel(program: Command, context: CommandContext): void {
  const model = program
    .command('model')
    .description('Build, get, list and inspect models.')
    .addHelpText('after', '\nExample: effvit model list\n');
  registerBuild(model, context);
  registerPull(model, context);
  registerList(model, context);
  registerInfo(model, context);
}

function registerBuild(model: Command, { terminal }: CommandContext): void {
  model
    .command('build')
    .description("Write the ONNX graph of EfficientViT (MSRA) from timm's weights.")
    .addArgument(
      // Choices for the completion alone: the parser below takes m5 as well, and knows what was meant.
      new Argument('<variant>', 'which of the family')
        .choices(EFFICIENTVIT_VARIANTS.map((variant) => `efficientvit_${variant}`))
        .argParser((text: string) => text),
    )
    .requiredOption('--weights <file>', 'safetensors (f32, f16, bf16) or a PyTorch checkpoint')
    .option('--output <file>', 'where to write; <variant>.onnx here where it is not given')
    .addOption(choiceOption('--opset <n>', 'ONNX operator set', OPSETS, '11'))
    .option('--batch <n>', 'pictures a run, or dynamic', parseBatch, 1)
    .addOption(choiceOption('--input <kind>', 'rgb: normalised float32; nv12: uint8', ['rgb', 'nv12'], 'rgb'))
    .addOption(choiceOption('--range <range>', 'BT.601 range of an nv12 input', ['full', 'limited'], 'full'))
    .option(
      '--classes <n>',
      "the head's classes, checked; taken from the weights where it is not given",
      numberParser(1, 1e6, true),
    )
    .addOption(forceOption())
    .option('--json', 'one JSON object instead of text')
    .addHelpText(
      'after',
      '\nExample: effvit model build efficientvit_m5 --weights model.safetensors --output m5.onnx\n',
    )
    .action(async (name: string, options: BuildOptions) => {
      const variant = parseEfficientVitVariant(name);
      const outputPath = options.output ?? `efficientvit_${variant}.onnx`;
      await checkOutputs({
        inputs: [options.weights],
        outputs: [{ option: '--output', path: outputPath, kind: 'onnx' }],
        isForced: options.force === true,
      });
      const request: BuildModelFileOptions = {
        variant,
        weightsPath: options.weights,
        outputPath,
        opset: Number(options.opset) as 11 | 13 | 17,
        batch: options.batch,
        input: options.input,
        normalisation: { range: options.range },
        ...(options.classes !== undefined && { classCount: options.classes }),
      };
      const built = await buildModelFile(request);
      if (options.json === true) {
        terminal.json({ file: outputPath, ...built });
        return;
      }
      terminal.line(
        `${terminal.bold(outputPath)}: ${built.parameters.toLocaleString('en')} parameters (${(built.parameters / 1e6).toFixed(1)} M), ${built.classCount} classes, ${built.nodes} nodes, ${megabytes(built.bytes)}`,
      );
      terminal.line(`sha256 ${built.sha256}`);
    });
}

function registerPull(model: Command, { terminal, signal }: CommandContext): void {
  model
    .command('pull')
    .description("Get a model's files into the user's cache, check them, and build the ONNX file.")
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
      if (options.json === true) {
        terminal.json({ model: manifest.name, files });
        return;
      }
      for (const file of files) {
        terminal.line(`${file.action.padEnd(10)} ${file.path}  ${megabytes(file.lengthBytes)}`);
        terminal.line(`           sha256 ${file.sha256}`);
      }
    });
}

function registerList(model: Command, { terminal, signal }: CommandContext): void {
  model
    .command('list')
    .description('List the models that are known, their files, where they are, their checksums and licences.')
    .option('--json', 'a JSON array instead of a table')
    .addHelpText('after', '\nExample: effvit model list\n')
    .action(async (options: { readonly json?: boolean }) => {
      const models = await listModels(process.env, signal);
      if (options.json === true) terminal.json(models);
      else terminal.line(formatModelList(models));
    });
}

function registerInfo(model: Command, { terminal }: CommandContext): void {
  model
    .command('info')
    .description("Say what a model file holds: .onnx, .ort, .safetensors, PyTorch weights, a vendor's .bin.")
    .argument('<file>', 'the file')
    .option('--json', 'one JSON object instead of a table')
    .addHelpText('after', '\nExample: effvit model info EfficientViT_m5_224x224_nv12.bin\n')
    .action(async (path: string, options: { readonly json?: boolean }) => {
      const info = await inspectModelFile(path);
      if (options.json === true) terminal.json(info);
      else terminal.line(formatModelInfo(info));
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
        else
          terminal.progress(
            `${file} ${megabytes(receivedBytes)} of ${megabytes(totalBytes)}`,
            receivedBytes,
            totalBytes,
          );
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
      case 'checking':
        once(`${progress.file}: checking`);
        break;
      case 'building':
        once(`${progress.file}: building`);
        break;
    }
  };
}

function megabytes(bytes: number): string {
  return bytes < 1e5 ? `${(bytes / 1e3).toFixed(1)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function parseBatch(text: string): number | 'dynamic' {
  return text === 'dynamic' ? text : numberParser(1, 1024, true)(text);
}
