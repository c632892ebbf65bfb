import { createHash } from 'node:crypto';
import { openBag } from '../src/bag/openBag.js';
import { classifierOptions } from '../src/classify/classifierOptions.js';
import { modelPreprocess } from '../src/classify/prepareModel.js';
import { packagePath } from '../src/core/packageRoot.js';
import type { ModelManifest } from '../src/model/ModelManifest.js';
import { FramePlanes } from '../src/quantize/FramePlanes.js';

/** A frame of the bundled recording as the node hands it to the BPU. */
export interface BundledInput {
  readonly topic: string;
  /** Seconds and nanoseconds. */
  readonly stamp: readonly [number, number];
  readonly nv12: Uint8Array;
  readonly nv12Sha256: string;
}

/** All frames of `bags/signs_drive`, in the order of the recording. @throws EffvitError NOT_FOUND, BAD_BAG, BAD_IMAGE */
export async function* bundledInputs(manifest: ModelManifest): AsyncGenerator<BundledInput> {
  const planes = new FramePlanes(modelPreprocess(manifest, classifierOptions({})));
  const bag = await openBag(packagePath('bags', 'signs_drive'));
  try {
    for await (const item of bag.imageFrames({})) {
      if (item.kind === 'problem') throw item.error;
      const { nv12 = new Uint8Array() } = await planes.planesOf(item.frame);
      const { sec, nanosec } = item.frame.stamp;
      yield {
        topic: item.frame.source,
        stamp: [sec, nanosec],
        nv12,
        nv12Sha256: createHash('sha256').update(nv12).digest('hex'),
      };
    }
  } finally {
    await bag.close();
  }
}
