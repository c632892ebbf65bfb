// npm run docs: writes what is derived from the parameter table, so that README and configuration cannot differ from it.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootstrap, root } from './bootstrap.mjs';

bootstrap();
const { parameterYaml, withParameterTable } = await import('../build/src/core/parameterDocs.js');
const readme = join(root, 'README.md');
writeFileSync(readme, withParameterTable(readFileSync(readme, 'utf8')));
writeFileSync(join(root, 'config', 'classifier.yaml'), parameterYaml());
