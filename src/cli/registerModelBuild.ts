import { Argument, type Command } from 'commander';
import { defined } from '../core/defined.js';
import { buildModelFile, parseEfficientVitVariant } from '../efficientvit/buildModelFile.js';
import { EFFICIENTVIT_VARIANTS } from '../model/manifestValues.js';
import type { CommandContext } from './CommandContext.js';
import { choiceOption, forceOption, numberParser } from './options.js';
import { checkOutputs } from './outputs/checkOutputs.js';
import { megabytes } from './Terminal.js';

const OPSETS = ['11', '13', '17'] as const;

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

/** `effvit model build VARIANT`. */
export function registerModelBuild(command: Command, { terminal }: CommandContext): void {
  command
    .addArgument(
      // Choices for the completion only: the parser below lets short names such as m5 through.
      new Argument('<variant>', 'which of the family')
        .choices(EFFICIENTVIT_VARIANTS.map((variant) => `efficientvit_${variant}`))
        .argParser((text: string) => text),
    )
    .requiredOption('--weights <file>', 'safetensors (f32, f16, bf16) or a PyTorch checkpoint')
    .option('--output <file>', 'output file; default <variant>.onnx')
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
    .action(async (name: string, options: BuildOptions) => {
      const variant = parseEfficientVitVariant(name);
      const outputPath = options.output ?? `efficientvit_${variant}.onnx`;
      await checkOutputs({
        inputs: async () => [options.weights],
        outputs: [{ option: '--output', path: outputPath, kind: 'onnx' }],
        isForced: options.force,
      });
      const { weights: weightsPath, batch, input, range, classes: classCount } = options;
      const opset = Number(options.opset) as 11 | 13 | 17;
      const request = { variant, weightsPath, outputPath, opset, batch, input, classCount };
      const built = await buildModelFile({ ...defined(request), normalisation: { range } });
      if (options.json === true) return terminal.json({ file: outputPath, ...built });
      terminal.line(
        `${terminal.bold(outputPath)}: ${built.parameters.toLocaleString('en')} parameters (${(built.parameters / 1e6).toFixed(1)} M), ${built.classCount} classes, ${built.nodes} nodes, ${megabytes(built.bytes)}`,
      );
      terminal.line(`sha256 ${built.sha256}`);
    });
}

function parseBatch(text: string): number | 'dynamic' {
  return text === 'dynamic' ? text : numberParser(1, 1024, true)(text);
}
