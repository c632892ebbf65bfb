import { runCli } from './runCli.js';

const exitCode = await runCli(process.argv.slice(2));
// Output that is lost sets it too, perhaps only after the last line was handed over.
process.exitCode = process.exitCode || exitCode;
