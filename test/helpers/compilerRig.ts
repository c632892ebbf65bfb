import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packagePath } from '../../src/core/packageRoot.js';
import { EFFICIENTVIT_ARCHITECTURES } from '../../src/efficientvit/EfficientVitArchitecture.js';
import { type Toolchain, toolchainStatus } from '../../src/toolchain/toolchainStatus.js';
import { formulaWeights } from './formulaWeights.js';
import { leaveOut } from './leaveOut.js';
import { type EffvitRun, type EffvitRunOptions, runEffvit } from './runEffvit.js';
import { writeSafetensors } from './writeSafetensors.js';

const CLASS_COUNT = 32;

/** The last group is left open for the nodes. */
const CONFIG = `input_parameters:
  input_type_rt: "nv12"
  input_space_and_range: "regular"
  input_type_train: "rgb"
  input_layout_train: "NCHW"
  norm_type: "data_mean_and_scale"
  mean_value: "123.675 116.28 103.53"
  scale_value: "0.01712475 0.017507 0.01742919"
calibration_parameters:
  cal_data_dir: "./calibration"
  cal_data_type: "float32"
  calibration_type: "max"
  max_percentile: 0.99999
compiler_parameters:
  compile_mode: "latency"
  debug: False
  optimize_level: "O3"
model_parameters:
  onnx_model: "./small.onnx"
  march: "bayes-e"
  working_dir: "small"
  output_model_file_prefix: "small"
  node_info:
`;

/** A small model and its configuration in a folder of its own, for the genuine compiler. */
export class CompilerRig {
  readonly folder = mkdtempSync(join(tmpdir(), 'effvit-compile-test-'));
  readonly toolchain: Toolchain;
  /** Files that the compiler and effvit forget would lie here. */
  readonly temporary = join(this.folder, 'tmp');

  private constructor(toolchain: Toolchain) {
    this.toolchain = toolchain;
    mkdirSync(this.temporary);
  }

  /** Leaves the suite out where the toolchain is not installed. */
  static async make(context: Mocha.Context): Promise<CompilerRig> {
    const status = toolchainStatus();
    if (status.state !== 'ready') {
      leaveOut(context, `toolchain: ${status.state} (effvit toolchain install)`);
    }
    const rig = new CompilerRig(status.toolchain);
    const model = rig.path('model');
    mkdirSync(model);
    await writeSafetensors(join(model, 'model.safetensors'), formulaWeights('m0', CLASS_COUNT));
    writeFileSync(
      join(model, 'manifest.yaml'),
      `name: small
input: { width_px: 224, height_px: 224 }
output: { class_count: ${CLASS_COUNT} }
files:
  weights: { file: model.safetensors }
  onnx: { builder: efficientvit, variant: m0 }
`,
    );
    rig.writeConfig('config.yaml');
    return rig;
  }

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  writeConfig(name: string, change: (yaml: string) => string = (yaml) => yaml): void {
    const nodes = softmaxNames()
      .map((node) => `    "${node}": { "ON": "BPU", "InputType": "int16", "OutputType": "int16" }\n`)
      .join('');
    writeFileSync(this.path(name), change(`${CONFIG}${nodes}`));
  }

  compile(args: readonly string[], options: EffvitRunOptions = {}): Promise<EffvitRun> {
    return runEffvit(
      [
        ...['compile', this.path('config.yaml'), '--model', this.path('model')],
        ...['--calibration', packagePath('bags', 'signs_drive'), '--pictures', '8', '--level', 'O1', ...args],
      ],
      { limitMs: 900_000, ...options, env: { ...this.env, ...options.env } },
    );
  }

  /** The toolchain of the user, and an own cache, so that nothing was compiled before. */
  get env(): Readonly<Record<string, string>> {
    return {
      EFFVIT_TOOLCHAIN: this.toolchain.folder,
      EFFVIT_CACHE: this.path('cache'),
      TMPDIR: this.temporary,
    };
  }

  /** What lies about after a run. */
  leftovers(): string[] {
    const inside = (folder: string): string[] => {
      try {
        return readdirSync(folder).map((name) => join(folder, name));
      } catch {
        return [];
      }
    };
    return [
      ...inside(this.temporary),
      ...inside(this.path('cache', 'compile')).filter((path) => path.endsWith('.part')),
      ...inside(this.folder).filter((path) => /\.part(?:\.old)?$/.test(path)),
    ];
  }

  /** Processes that work in a folder of this rig. */
  processes(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          return readlinkSync(`/proc/${pid}/cwd`).startsWith(this.temporary);
        } catch {
          return false;
        }
      })
      .map(Number);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function softmaxNames(): string[] {
  const { depths, heads } = EFFICIENTVIT_ARCHITECTURES.m0;
  return depths.flatMap((depth, stage) =>
    Array.from({ length: depth }, (_, block) =>
      Array.from({ length: heads[stage] ?? 0 }, (__, head) => {
        const softmax = `/stages/stages.${stage}/blocks/blocks.${block}/mixer/m/attn/Softmax`;
        return head === 0 ? softmax : `${softmax}_${head}`;
      }),
    ).flat(),
  );
}
