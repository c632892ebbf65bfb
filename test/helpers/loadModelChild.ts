// A program that makes a session by way of this package, on its main thread or only in a worker thread of its own:
//   node loadModelChild.js MODEL.onnx main|worker
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker } from 'node:worker_threads';
import { loadRuntime, ONE_THREAD } from '../../src/inference/onnx/loadRuntime.js';

const [modelPath = '', where = 'main'] = process.argv.slice(2);

if (isMainThread && where === 'worker') {
  new Worker(fileURLToPath(import.meta.url), { argv: process.argv.slice(2) });
} else {
  const session = await loadRuntime().InferenceSession.create(modelPath, ONE_THREAD);
  console.log('loaded');
  // As long as the library needs to begin its reports: its files come within a tenth of that.
  setTimeout(() => void session.release(), 4000);
}
