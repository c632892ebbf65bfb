// A worker's side of a frame slot, for FrameSlot.test.ts: converts or grows as it is told.
import { parentPort, workerData } from 'node:worker_threads';
import { FrameSlot } from '../../src/image/FrameSlot.js';
import type { KernelProgram } from '../../src/image/KernelProgram.js';
import { Nv12Converter } from '../../src/image/Nv12Converter.js';

const slot = new FrameSlot(workerData.memory);
const converter = new Nv12Converter(workerData.memory, workerData.module);

parentPort?.on('message', (order: { program?: KernelProgram; growBytes?: number }) => {
  if (order.growBytes !== undefined) slot.ensureCapacity(order.growBytes);
  const nv12 = order.program === undefined ? undefined : converter.convert(order.program);
  parentPort?.postMessage({
    offset: nv12?.byteOffset ?? 0,
    length: nv12?.byteLength ?? 0,
    bytes: nv12 && Uint8Array.from(nv12),
    slotBytes: slot.memory.buffer.byteLength,
  });
});
