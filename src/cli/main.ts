import { setFlagsFromString } from 'node:v8';
import { ownProcessExit } from '../core/processExit.js';
import { runCli } from './runCli.js';

// A worker's heap is 5 MB. V8 shrinks it when it considers the worker idle, which stopped the worker for 5 to 19 ms
// between frames. V8 reads the flag when it creates a thread's heap, so it is set before the first worker.
setFlagsFromString('--no-memory-reducer');
ownProcessExit();

const exitCode = await runCli(process.argv.slice(2));
// Lost output sets the exit code too, possibly only after the last line was written.
process.exitCode = process.exitCode || exitCode;
