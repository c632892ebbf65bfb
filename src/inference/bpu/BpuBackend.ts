import { asEffvitError, EffvitError } from '../../core/EffvitError.js';
import { monotonicNs } from '../../stats/monotonicNs.js';
import type { BpuBackendSpec } from '../BackendSpec.js';
import type { InferenceBackend, InferenceResult, LoadedModelInfo } from '../InferenceBackend.js';
import { BpuTask } from './BpuTask.js';
import { TENSOR } from './bpuAbi.js';
import { LibDnn } from './LibDnn.js';
import { ModelLease } from './ModelLease.js';
import { Nv12Input } from './Nv12Input.js';
import { OutputReader } from './OutputReader.js';
import { TensorMemory } from './TensorMemory.js';
import { parseTensorProperties } from './TensorProperties.js';

/** How long the end of a worker waits for a task that did not come back. */
const HUNG_LIMIT_MS = 2000;
const GREY = 128;

/** What a worker holds; made in this order, freed in the other. */
interface Held {
  lib?: LibDnn;
  model?: bigint;
  input?: Nv12Input;
  outputs: TensorMemory[];
  /** The outputs' structures in one piece, as the runtime wants them. */
  outputTensors?: Uint8Array;
  outputIndex: number;
  reader?: OutputReader;
  logits?: Float32Array;
  task?: BpuTask;
}

/**
 * A compiled model on the BPU, by libdnn.so. All workers of the process share one model handle; each has its own
 * tensors in the BPU's memory and at most one task. `run` blocks its thread until the BPU is done.
 */
export class BpuBackend implements InferenceBackend {
  readonly #spec: BpuBackendSpec;
  readonly #lease: ModelLease;
  #held: Held = nothingHeld();

  constructor(spec: BpuBackendSpec) {
    this.#spec = spec;
    this.#lease = new ModelLease(spec.lease);
  }

  async load(): Promise<LoadedModelInfo> {
    await this.dispose();
    const { modelPath, libraryPath, modelName } = this.#spec;
    const held = this.#held;
    try {
      const lib = await LibDnn.open(libraryPath);
      held.lib = lib;
      held.model = this.#lease.take(lib, modelPath, modelName);
      this.#allocate(lib, held.model);
      // A model for another chip can come to light only when it runs.
      this.#infer(new Uint8Array((this.#spec.widthPx * this.#spec.heightPx * 3) / 2).fill(GREY));
      return {
        backend: 'bpu',
        isSimulated: false,
        inputWidthPx: this.#spec.widthPx,
        inputHeightPx: this.#spec.heightPx,
        classCount: held.reader?.classCount ?? 0,
        runtime: `libdnn ${lib.version}${this.#spec.march === undefined ? '' : ` (${this.#spec.march})`}`,
      };
    } catch (error) {
      // The reason counts, not what the clean-up stumbled over.
      await this.dispose().catch(() => undefined);
      throw asEffvitError(error, 'BPU_FAILED', `${modelPath} does not load`);
    }
  }

  async run(nv12: Uint8Array): Promise<InferenceResult> {
    return this.#infer(nv12);
  }

  async dispose(): Promise<void> {
    const { lib, task, input, outputs } = this.#held;
    this.#held = nothingHeld();
    if (lib === undefined) return;
    // The device may still write into these tensors and use the model: they stay allocated, whatever that costs.
    if (task !== undefined && !task.end(HUNG_LIMIT_MS)) return;
    const errors: Error[] = [];
    for (const memory of [...outputs].reverse()) errors.push(...memory.free());
    if (input !== undefined) errors.push(...input.memory.free());
    try {
      this.#lease.giveBack(lib, this.#spec.modelPath);
    } catch (error) {
      errors.push(asEffvitError(error));
    }
    if (errors[0] !== undefined) throw errors[0];
  }

  #allocate(lib: LibDnn, model: bigint): void {
    const { modelPath: about, widthPx, heightPx } = this.#spec;
    const held = this.#held;
    const inputCount = lib.count('hbDNNGetInputCount', model, about);
    if (inputCount !== 1) throw bad(about, `it takes ${inputCount} inputs, not one NV12 picture`);
    const inputProperties = lib.properties('hbDNNGetInputTensorProperties', model, 0, about);
    held.input = new Nv12Input(lib, inputProperties, { widthPx, heightPx }, about);
    const outputCount = lib.count('hbDNNGetOutputCount', model, about);
    held.outputIndex = this.#chosenOutput(lib, model, outputCount);
    const tensors = new Uint8Array(new ArrayBuffer(Math.max(outputCount, 1) * TENSOR.size));
    for (let index = 0; index < outputCount; index++) {
      const raw = lib.properties('hbDNNGetOutputTensorProperties', model, index, about);
      const properties = parseTensorProperties(raw);
      if (index === held.outputIndex) {
        held.reader = new OutputReader(properties, about, (address, bytes) => lib.copyOf(address, bytes));
        this.#checkClassCount(held.reader.classCount);
      }
      const memory = TensorMemory.allocate(lib, raw, [properties.alignedByteSize], about);
      held.outputs.push(memory);
      tensors.set(memory.tensor, index * TENSOR.size);
    }
    held.outputTensors = tensors;
    held.logits = new Float32Array(held.reader?.classCount ?? 0);
    held.task = new BpuTask(lib, this.#spec, about);
  }

  #infer(nv12: Uint8Array): InferenceResult {
    const { model, input, outputs, outputTensors, outputIndex, reader, logits, task } = this.#held;
    const output = outputs[outputIndex];
    if (model === undefined || input === undefined || outputTensors === undefined || output === undefined) {
      throw new EffvitError('CLOSED', 'The model is not loaded: call load first.');
    }
    const beganNs = monotonicNs();
    input.write(nv12);
    const filledNs = monotonicNs();
    task?.run(outputTensors, input.memory.tensor, model);
    for (const memory of outputs) memory.invalidate();
    const values = logits ?? new Float32Array(0);
    reader?.read(output.view(0), values);
    task?.release();
    const inferenceNs = monotonicNs() - filledNs;
    if (!values.every(Number.isFinite)) {
      throw new EffvitError(
        'INFERENCE_FAILED',
        `The output of ${this.#spec.modelPath} has NaN or infinite values: compile the model anew, and check its quantisation.`,
      );
    }
    return { logits: values, inputNs: filledNs - beganNs, inferenceNs };
  }

  #chosenOutput(lib: LibDnn, model: bigint, count: number): number {
    const { modelPath: about, outputName } = this.#spec;
    // A compiled model with one output may have renamed it.
    if (count === 1) return 0;
    const names = Array.from({ length: Math.max(count, 0) }, (_, index) =>
      lib.outputName(model, index, about),
    );
    const chosen = outputName === undefined ? -1 : names.indexOf(outputName);
    if (chosen < 0) {
      throw bad(
        about,
        `it has ${count} outputs (${names.join(', ')}), so name the one to use in its manifest`,
      );
    }
    return chosen;
  }

  #checkClassCount(classCount: number): void {
    const wanted = this.#spec.classCount;
    if (wanted === undefined || wanted === classCount) return;
    throw bad(this.#spec.modelPath, `it gives ${classCount} classes, not the ${wanted} of its manifest`);
  }
}

function nothingHeld(): Held {
  return { outputs: [], outputIndex: 0 };
}

function bad(about: string, what: string): EffvitError {
  return new EffvitError('BAD_MODEL', `${about} cannot be used: ${what}.`);
}
