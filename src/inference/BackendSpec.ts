import type { YuvRange } from '../image/ImageFrame.js';
import type { ModelInput } from '../model/ModelManifest.js';

/** Float ONNX graphs of one input and one output, on the CPU by ONNX Runtime. */
export interface OnnxBackendSpec {
  readonly kind: 'onnx';
  /** An .onnx file, or .ort as ONNX Runtime writes it. */
  readonly modelPath: string;
  /**
   * What the graph takes: `rgb` or `bgr` as normalised float32 in the given layout, or `nv12` as uint8 with
   * width x height x 3/2 elements. `input.name` absent: the graph's only input.
   */
  readonly input: ModelInput;
  /** BT.601 range of the NV12 that is turned into RGB. */
  readonly yuvRange: YuvRange;
  /** Absent: the graph's only output. */
  readonly outputName?: string;
  /** Absent: as many as the graph's output has. */
  readonly classCount?: number;
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

/** Everything a worker thread needs to make its backend; plain data that crosses threads. */
export type BackendSpec = OnnxBackendSpec | ModuleBackendSpec;
