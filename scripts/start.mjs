// npm start: installs and builds what is missing, then replays the bundled camera recording with the bundled model.
// Arguments are passed to `effvit replay`.
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
// The terminal sends Ctrl-C to the child too; this process waits until the child has ended.
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => signal === 'SIGTERM' && child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
});
