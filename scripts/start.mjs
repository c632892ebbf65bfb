// npm start: the main job on real input. Installs and builds what is missing, makes the ONNX file of the bundled
// model, then sends the bundled camera recording through the pipeline. Arguments go to `effvit replay`.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { bootstrap, root, say } from './bootstrap.mjs';

bootstrap();
say('Replaying bags/signs_drive through efficientvit_m5_signs (the ONNX file is built the first time) ...');
const args = ['replay', join('bags', 'signs_drive'), '--model', 'efficientvit_m5_signs', '--top-k', '3'];
const child = spawn(process.execPath, [join(root, 'bin', 'effvit.cjs'), ...args, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
// Ctrl-C reaches the child by itself; this process waits for it to finish what it began.
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => signal === 'SIGTERM' && child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
});
