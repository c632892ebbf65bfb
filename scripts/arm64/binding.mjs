// effvit's own binding on arm64 against the fake libdnn.so, whose symbols carry the vendor's version here: run by
// vendorClient.mjs in its tree. Exit code 1 where an answer is not the one that belongs to the picture.
import { readFileSync } from 'node:fs';
import { BpuBackend } from './build/src/inference/bpu/BpuBackend.js';
import { modelLease } from './build/src/inference/bpu/ModelLease.js';
import { FakeLibdnn, fakeLogits, writeFakeBin } from './build/test/helpers/fakeLibdnn.js';

const [libraryPath, folder] = process.argv.slice(2);
const fake = new FakeLibdnn(libraryPath);
const modelPath = writeFakeBin(`${folder}/binding.bin`);
const frame = Uint8Array.from(
  { length: (224 * 224 * 3) / 2 },
  (_, index) => (index * 31 + (index >> 8)) % 256,
);
let failures = 0;
for (const [title, settings] of [
  ['packed rows', {}],
  ['rows of 256', { row_stride: 256 }],
  ['Y and UV apart', { input_type: 2 }],
]) {
  fake.reset();
  fake.set(settings);
  const backend = new BpuBackend({
    ...{ kind: 'bpu', modelPath, libraryPath, widthPx: 224, heightPx: 224, core: 'any', priority: 0 },
    ...{ timeoutMs: 60_000, lease: modelLease(modelPath) },
  });
  const { classCount, runtime } = await backend.load();
  const { logits } = await backend.run(frame);
  const wanted = fakeLogits(frame, classCount);
  const equal = logits.filter((value, index) => value === wanted[index]).length;
  await backend.dispose();
  const isRight = equal === classCount && fake.violations() === '';
  if (!isRight) failures++;
  console.log(
    `${isRight ? 'ok' : 'WRONG'}: effvit on ${process.arch}, ${title}: ${equal} of ${classCount} logits, ${runtime} ${fake.violations()}`,
  );
}
// The name that the linker bound: symbols with the version CONFIG, as the vendor's library has them.
const versioned = readFileSync(libraryPath).includes('CONFIG');
console.log(`${versioned ? 'ok' : 'WRONG'}: the library's symbols carry the version CONFIG`);
process.exitCode = failures > 0 || !versioned ? 1 : 0;
