import { setFlagsFromString } from 'node:v8';
import { ownProcessExit } from '../core/processExit.js';
import { runCli } from './runCli.js';

// A worker's heap is 5 MB: shrinking it while the worker is thought to be idle halted it for 5 to 19 ms amid frames.
// Read whenever a thread's heap is made, so before the first worker.
setFlagsFromString('--no-memory-reducer');
ownProcessExit();

const exitCode = await runCli(process.argv.slice(2));
// Output that is lost sets it too, perhaps only after the last line was handed over.
process.exitCode = process.exitCode || exitCode;
