import { compileKernel } from '../../src/image/compileKernel.js';
import { FrameSlot } from '../../src/image/FrameSlot.js';
import type { RawImageFrame } from '../../src/image/ImageFrame.js';
import { Nv12Converter } from '../../src/image/Nv12Converter.js';
import type { PreprocessOptions } from '../../src/image/PreprocessOptions.js';
import { planFrame } from '../../src/image/planFrame.js';
import { slotLayout } from '../../src/image/SlotLayout.js';
import { frameBytes, nv12Twin } from './nv12Twin.js';

let own: { readonly slot: FrameSlot; readonly converter: Nv12Converter } | undefined;

/** The frame's NV12 by the kernel; a copy. */
export function nv12ByKernel(frame: RawImageFrame, options: PreprocessOptions): Uint8Array {
  if (own === undefined) {
    const slot = new FrameSlot();
    own = { slot, converter: new Nv12Converter(slot.memory, compileKernel('nv12')) };
  }
  const plan = planFrame(frame, options);
  own.slot.copyFrom(frame.data, plan);
  return own.converter.convert(plan.program).slice();
}

/** The same by the twin, from the frame itself, not from a slot: a row that the plan forgot would show. */
export function nv12ByTwin(frame: RawImageFrame, options: PreprocessOptions): Uint8Array {
  const layout = slotLayout(planFrame(frame, options).shape, options);
  return nv12Twin(frameBytes(frame.data, layout), layout);
}
