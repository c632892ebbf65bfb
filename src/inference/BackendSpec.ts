import type { YuvRange } from '../image/ImageFrame.js';
import type { BpuChip } from '../model/BpuChip.js';
import type { BpuFileSource, DeviceModel, ModelInput } from '../model/ModelManifest.js';
import type { Toolchain } from '../toolchain/toolchainStatus.js';

/** An ONNX graph with one picture as input, run on the CPU by ONNX Runtime. */
export interface OnnxBackendSpec {
  readonly kind: 'onnx';
  /** An .onnx file, or an .ort file written by ONNX Runtime. */
  readonly modelPath: string;
  /**
   * The graph's input: `rgb` or `bgr` in the given layout, as normalised float32 or float16, or as uint8
   * with mean 0 and scale 1; or `nv12` as uint8 with width x height x 3/2 elements. `input.name` absent: the
   * graph's only input.
   */
  readonly input: ModelInput;
  /** BT.601 range of the NV12 that is converted to RGB. */
  readonly yuvRange: YuvRange;
  /** Absent: the graph's only output with one score per class. */
  readonly outputName?: string;
  /** Absent: the size of the graph's output. */
  readonly classCount?: number;
  /** Threads that compute one frame together, ONNX Runtime's intra_op_num_threads; default 1. */
  readonly intraOpThreads?: number;
  /** Most frames of one run; default 1. The batch of a graph for one picture is opened for more. */
  readonly mostFrames?: number;
  /** Set by prepareBackend: the same graph, optimised for this machine; it loads ten times faster. */
  readonly optimizedPath?: string;
}

/** A user's backend: an ES module whose export `createBackend(options)` returns an InferenceBackend. */
export interface ModuleBackendSpec {
  readonly kind: 'module';
  /** file: URL of the module. */
  readonly moduleUrl: string;
  /** Passed to `createBackend`; must be structured-cloneable. */
  readonly options?: unknown;
}

/** A compiled model (.bin) on the BPU of this machine. */
export interface BpuBackendSpec {
  readonly kind: 'bpu';
  readonly modelPath: string;
  /** The same network at several batch sizes, by the names inside the file; absent: its only model. */
  readonly models?: BpuFileSource['models'];
  /** libdnn.so; absent: `$EFFVIT_LIBDNN`, else the usual paths of the boards. */
  readonly libraryPath?: string;
  /** Size of the NV12 input picture. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** Selects one of several outputs; a single output is used whatever its name. */
  readonly outputName?: string;
  /** Absent: the size of the output. */
  readonly classCount?: number;
  /** A core that the chip does not have means `any`. */
  readonly core: 'any' | number;
  /** 0 is the lowest; 255 preempts other tasks. */
  readonly priority: number;
  /** The longest wait for one task; longer than the pool's limit, so that the pool reports the time-out first. */
  readonly timeoutMs: number;
  /** Whether the model was compiled to crop and scale whole pictures; absent: as the runtime reports. */
  readonly isResizer?: boolean;
  /** From modelLease(): the handle of the file, shared by all workers of the process. */
  readonly lease: SharedArrayBuffer;
  /** The architecture that the file was compiled for; used in reports. */
  readonly march?: string;
}

/** Source of the simulated BPU's logits; its times come only from the device model. */
export type SimulatedResults =
  /** A hash of the NV12 bytes and the seed: equal frames give equal, but meaningless logits. */
  | {
      readonly kind: 'hash';
      readonly widthPx: number;
      readonly heightPx: number;
      readonly classCount: number;
    }
  /** The float model on the CPU; a frame takes at least as long as this model. */
  | { readonly kind: 'onnx'; readonly spec: OnnxBackendSpec }
  | ExactResults;

/** The vendor's quantised model, run by the vendor's toolchain: the same integer arithmetic as on the BPU. */
export interface ExactResults {
  readonly kind: 'exact';
  /** The quantised ONNX file. */
  readonly path: string;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly toolchain: Toolchain;
}

/** A BPU simulated as a queue, for demonstrations, benches and tests. Always labelled as simulated. */
export interface SimulatedBpuSpec {
  readonly kind: 'bpu_sim';
  readonly chip: BpuChip;
  /** `serviceMs` and `hostMs` may be 0: no waiting at all. */
  readonly deviceModel: DeviceModel;
  /** The core to use; `any`, or a core that the device does not have, means the one that is free first. */
  readonly core: 'any' | number;
  /** From simulatedDevice(): the device, shared by all workers of the process. */
  readonly device: SharedArrayBuffer;
  /** Whether the chip crops and scales whole pictures; default false. */
  readonly isResizer?: boolean;
  readonly results: SimulatedResults;
  /** Seed of the `hash` logits and the jitter; default 1. */
  readonly seed?: number;
  /** The largest relative deviation of a frame's service time (0 to 1); default 0. */
  readonly serviceJitter?: number;
}

/** Everything that a worker thread needs to create its backend, as structured-cloneable data. */
export type BackendSpec = OnnxBackendSpec | BpuBackendSpec | SimulatedBpuSpec | ModuleBackendSpec;
