import { HBM_DATA_BYTES, HBM_LAYOUT, hbmImageFrame } from '../../image/hbmImageFrame.js';
import type { ImageFrame } from '../../image/ImageFrame.js';
import { copyValidBytesOnly } from './copyValidBytesOnly.js';
import type { MessageSample, SampleKind } from './MessageSample.js';

/** One hbm_img_msgs image message: a flat block without pointers. */
class HbmImageSample implements MessageSample {
  readonly struct: Buffer;

  constructor(dataBytes: number) {
    this.struct = Buffer.from(new ArrayBuffer(HBM_LAYOUT.data + dataBytes));
  }

  frame(source: string): ImageFrame {
    return hbmImageFrame(this.struct, source);
  }
}

/** @param interfaceName name of the type: a key of {@link HBM_DATA_BYTES} without its package. */
export function hbmImageSamples(interfaceName: string): SampleKind {
  const dataBytes = HBM_DATA_BYTES[`hbm_img_msgs/msg/${interfaceName}`] ?? 0;
  copyValidBytesOnly(interfaceName, dataBytes);
  return {
    type: { pkgName: 'hbm_img_msgs', subFolder: 'msg', interfaceName },
    make: () => new HbmImageSample(dataBytes),
    finalize: () => {},
  };
}
