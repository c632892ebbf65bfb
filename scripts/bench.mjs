// npm run bench: the performance table on the simulated BPU. Arguments go to `effvit bench`, e.g. `-- --backend bpu`.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { bootstrap, root } from './bootstrap.mjs';

bootstrap();
const args = [join(root, 'bin', 'effvit.cjs'), 'bench', '--backend', 'bpu_sim', ...process.argv.slice(2)];
const done = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
process.exitCode = done.status ?? 1;
