import assert from 'node:assert/strict';
import type { BpuBackendSpec } from '../../src/inference/BackendSpec.js';
import { modelLease } from '../../src/inference/bpu/ModelLease.js';
import { FakeLibdnn, writeFakeBin } from './fakeLibdnn.js';
import { scratchFolder } from './scratchFolder.js';

/** The fake BPU runtime with one model file, for a suite. */
export class BpuRig {
  readonly #scratch = scratchFolder();
  #fake: FakeLibdnn | undefined;

  /** Registers the hooks of the suite that calls it. @param settings of the fake before each test. */
  constructor(settings: Readonly<Record<string, number>> = {}) {
    const build = (context: Mocha.Context): void => {
      this.#fake = FakeLibdnn.build(context);
    };
    before(function () {
      build(this);
    });
    beforeEach(() => {
      this.fake.reset();
      this.fake.set(settings);
      writeFakeBin(this.path('model.bin'));
    });
    after(() => this.#fake?.reset());
  }

  get fake(): FakeLibdnn {
    assert.ok(this.#fake !== undefined, 'the suite has begun');
    return this.#fake;
  }

  /** In the test's scratch folder, where the model file is `model.bin`. */
  path(...segments: string[]): string {
    return this.#scratch.path(...segments);
  }

  specOf(overrides: Partial<BpuBackendSpec> = {}): BpuBackendSpec {
    const modelPath = overrides.modelPath ?? this.path('model.bin');
    return {
      kind: 'bpu',
      modelPath,
      libraryPath: this.fake.path,
      widthPx: 224,
      heightPx: 224,
      core: 'any',
      priority: 0,
      timeoutMs: 1000,
      lease: modelLease(modelPath),
      ...overrides,
    };
  }

  /** Asserts that the runtime was used correctly and that everything was given back. */
  assertClean(message?: string): void {
    assert.deepEqual(this.fake.held(), { memory: 0, tasks: 0, handles: 0 }, message);
    assert.equal(this.fake.violations(), '', message);
  }
}
