import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asEffvitError } from '../core/EffvitError.js';
import { consoleCommand, runTool } from '../toolchain/runTool.js';
import type { Toolchain } from '../toolchain/toolchainStatus.js';
import { WORK_NAMES } from './compilerConfig.js';
import { type NodePlacement, parseNodePlacements } from './NodePlacement.js';

/** The stages of hb_mapper, in order. */
export type CompileStage = 'starting' | 'optimising' | 'calibrating' | 'quantising' | 'compiling' | 'judging';

export interface MakertbinOptions {
  readonly toolchain: Toolchain;
  /** Work folder with the model, the configuration and the calibration set, named as in {@link WORK_NAMES}. */
  readonly folder: string;
  /** Folder for the results. */
  readonly target: string;
  readonly modelName: string;
  readonly logPath: string;
  readonly signal: AbortSignal;
  /** `share`: progress of the stage, 0 to 1, if the compiler reports it. */
  readonly onStage: (stage: CompileStage, share: number) => void;
}

/** Names of a compilation's results in the target folder. */
export const COMPILED_NAMES = {
  bin: 'model.bin',
  quantized: 'quantized_model.onnx',
  nodes: 'nodes.json',
} as const;

/** hb_mapper at O3 on a slow machine takes an hour for a model ten times this size. */
const LIMIT_MS = 4 * 3_600_000;

/** Lines of hb_mapper's log that begin a stage. */
const BEGINS: readonly (readonly [RegExp, CompileStage])[] = [
  [/Start to optimize the onnx model/, 'optimising'],
  [/Start to calibrate the model/, 'calibrating'],
  [/Start to quantize the model/, 'quantising'],
  [/Start to compile the model/, 'compiling'],
  [/End to compile the model/, 'judging'],
];

/**
 * Runs the vendor's compiler on a prepared folder and copies the results to the target: the files of
 * {@link COMPILED_NAMES}, and a `perf_<n>.json` for each subgraph that the BPU runs as a whole.
 *
 * @throws EffvitError TOOL_FAILED, TIMED_OUT, CANCELLED, IO_FAILED
 */
export async function runMakertbin(options: MakertbinOptions): Promise<void> {
  const { folder, target, modelName, signal } = options;
  await rm(options.logPath, { force: true });
  const table: string[] = [];
  let stage: CompileStage = 'starting';
  options.onStage(stage, 0);
  await runTool({
    toolchain: options.toolchain,
    args: consoleCommand('hb_mapper', ['makertbin', '--config', WORK_NAMES.config, '--model-type', 'onnx']),
    what: 'The compiler',
    logPath: options.logPath,
    cwd: folder,
    // Files that it leaves behind are removed with the folder.
    env: { TMPDIR: folder },
    signal,
    limitMs: LIMIT_MS,
    onLine: (line) => {
      const begun = BEGINS.find(([pattern]) => pattern.test(line))?.[1];
      if (begun !== undefined) stage = begun;
      const percent = /\b(\d{1,3})\s?%/.exec(line)?.[1];
      const isBar = /^\s*\[[= >-]*\]|in progress/.test(line);
      if (begun !== undefined || (isBar && percent !== undefined)) {
        options.onStage(stage, begun === undefined ? Number(percent) / 100 : 0);
      }
      if (/\s(?:BPU|CPU)\s/.test(line)) table.push(line);
    },
  });
  const output = join(folder, WORK_NAMES.output);
  try {
    await copyFile(join(output, `${modelName}.bin`), join(target, COMPILED_NAMES.bin));
    await copyFile(join(output, `${modelName}_quantized_model.onnx`), join(target, COMPILED_NAMES.quantized));
    const info = JSON.parse(await readFile(join(output, `${modelName}_quant_info.json`), 'utf8')) as object;
    const nodes: readonly NodePlacement[] = parseNodePlacements(table, Object.keys(info));
    await writeFile(join(target, COMPILED_NAMES.nodes), JSON.stringify(nodes));
    for (const name of await readdir(output)) {
      const number = /_subgraph_(\d+)\.json$/.exec(name)?.[1];
      if (number !== undefined) await copyFile(join(output, name), join(target, `perf_${number}.json`));
    }
  } catch (error) {
    const file = options.logPath;
    throw asEffvitError(error, 'TOOL_FAILED', `The compiler's results are incomplete (see ${file})`, {
      file,
    });
  }
}
