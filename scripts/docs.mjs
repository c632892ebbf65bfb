// npm run docs: writes docs/user/parameters.md and config/classifier.yaml from the parameter tables.
// With --pictures also docs/images: a rendered scene of the held-out drawings, and what `effvit classify` makes of it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootstrap, root } from './bootstrap.mjs';

bootstrap();
const { parameterYaml, withParameterTable } = await import('../build/src/ros/parameters/parameterDocs.js');
const page = join(root, 'docs', 'user', 'parameters.md');
writeFileSync(page, withParameterTable(readFileSync(page, 'utf8')));
writeFileSync(join(root, 'config', 'classifier.yaml'), parameterYaml());

if (process.argv.includes('--pictures')) {
  const { default: sharp } = await import('sharp');
  const { renderScene } = await import('../build/training/renderScene.js');
  const { signClasses } = await import('../build/training/signs/signClasses.js');
  const [width, height] = [640, 480];
  const classIndex = signClasses.indexOf('yield');
  const scene = { seed: 980_000_012, classIndex, variantSet: 'heldout', width, height, cameraFrame: true };
  const folder = join(root, 'docs', 'images');
  mkdirSync(folder, { recursive: true });
  const raw = { raw: { width, height, channels: 3 } };
  await sharp(await renderScene(scene), raw)
    .jpeg({ quality: 88 })
    .toFile(join(folder, 'scene.jpg'));
  const classify = ['classify', 'scene.jpg', '--model', 'efficientvit_m5_signs', '--show-input'];
  const done = spawnSync(
    process.execPath,
    [join(root, 'bin', 'effvit.cjs'), ...classify, '--annotate', 'classify.png'],
    { cwd: folder, stdio: 'inherit' },
  );
  if (done.status !== 0) process.exit(1);
  // A palette makes it a third as large and looks the same.
  const picture = join(folder, 'classify.png');
  writeFileSync(
    picture,
    await sharp(readFileSync(picture))
      .png({ palette: true, quality: 80, effort: 10, dither: 0.2 })
      .toBuffer(),
  );
}
