import type { YuvRange } from '../image/ImageFrame.js';
import type { BpuChip } from '../model/BpuChip.js';
import type { BatchedModel, DeviceModel, ModelInput } from '../model/ModelManifest.js';
import type { Toolchain } from '../toolchain/toolchainPlace.js';

/** ONNX graphs that take one picture, on the CPU by ONNX Runtime. */
export interface OnnxBackendSpec {
  readonly kind: 'onnx';
  /** An .onnx file, or .ort as ONNX Runtime writes it. */
  readonly modelPath: string;
  /**
   * What the graph takes: `rgb` or `bgr` in the given layout, as normalised float32 or float16, or as uint8
   * with mean 0 and scale 1; or `nv12` as uint8 with width x height x 3/2 elements. `input.name` absent: the
   * graph's only input.
   */
  readonly input: ModelInput;
  /** BT.601 range of the NV12 that is turned into RGB. */
  readonly yuvRange: YuvRange;
  /** Absent: the graph's only output that has one score a class. */
  readonly outputName?: string;
  /** Absent: as many as the graph's output has. */
  readonly classCount?: number;
  /** Threads that compute one frame together, ONNX Runtime's intra_op_num_threads; default 1. */
  readonly intraOpThreads?: number;
  /** Filled in by prepareBackend: the same graph, optimised for this machine; loads ten times faster. */
  readonly optimizedPath?: string;
}

/** A backend of the user's own: an ES module whose export `createBackend(options)` returns an InferenceBackend. */
export interface ModuleBackendSpec {
  readonly kind: 'module';
  /** file: URL of the module. */
  readonly moduleUrl: string;
  /** Handed to `createBackend`; must survive structured cloning. */
  readonly options?: unknown;
}

/** A compiled model (.bin) on the BPU of this machine. */
export interface BpuBackendSpec {
  readonly kind: 'bpu';
  readonly modelPath: string;
  /** The model's name inside the file; absent: its only one, or {@link models}. */
  readonly modelName?: string;
  /** The same network at several batches, by their names inside the file. */
  readonly models?: readonly BatchedModel[];
  /** libdnn.so; absent: `$EFFVIT_LIBDNN`, else where the boards have it. */
  readonly libraryPath?: string;
  /** Of the NV12 picture that it takes. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** Which of several outputs; one alone is taken whatever its name. */
  readonly outputName?: string;
  /** Absent: as many as the output has. */
  readonly classCount?: number;
  /** A core that the chip lacks means any. */
  readonly core: 'any' | number;
  /** 0 is the lowest, 255 preempts. */
  readonly priority: number;
  /** The longest wait for one task; longer than the pool's, which then counts the frame as timed out. */
  readonly timeoutMs: number;
  /** Whether it was compiled to cut and scale whole pictures itself; absent: as the runtime says. */
  readonly isResizer?: boolean;
  /** From modelLease(): the one handle of the file that all workers of the process share. */
  readonly lease: SharedArrayBuffer;
  /** What the file was compiled for, for reports. */
  readonly march?: string;
}

/** Where the logits of the simulated BPU come from; its times come from the device model alone. */
export type SimulatedResults =
  /** A hash of the NV12 bytes and the seed: equal frames give equal logits, but they mean nothing. */
  | {
      readonly kind: 'hash';
      readonly widthPx: number;
      readonly heightPx: number;
      readonly classCount: number;
    }
  /** The float model on the CPU; a frame takes at least what that takes. */
  | { readonly kind: 'onnx'; readonly spec: OnnxBackendSpec }
  | ExactResults;

/** The vendor's quantised model by its toolchain: the integers of the BPU, as its compiler left them. */
export interface ExactResults {
  readonly kind: 'exact';
  /** The quantised ONNX file. */
  readonly path: string;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly toolchain: Toolchain;
}

/** A BPU as a queue, without any library: for demonstrations, benches and tests. Always labelled as simulated. */
export interface SimulatedBpuSpec {
  readonly kind: 'bpu_sim';
  readonly chip: BpuChip;
  /** `serviceMs` and `hostMs` may be 0: the frame passes as fast as this machine can. */
  readonly deviceModel: DeviceModel;
  /** Which core serves; `any`, and a core that the device lacks: the one that is free first. */
  readonly core: 'any' | number;
  /** From simulatedDevice(): the one device that all workers of the process share. */
  readonly device: SharedArrayBuffer;
  /** The chip cuts and scales whole pictures itself; default false. */
  readonly isResizer?: boolean;
  readonly results: SimulatedResults;
  /** Decides the logits of `hash` and the jitter; default 1. */
  readonly seed?: number;
  /** The largest deviation of a frame's service time, as a share of it (0 to 1); default 0. */
  readonly serviceJitter?: number;
}

/** Everything a worker thread needs to make its backend; plain data that crosses threads. */
export type BackendSpec = OnnxBackendSpec | BpuBackendSpec | SimulatedBpuSpec | ModuleBackendSpec;
