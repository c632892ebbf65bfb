// Ends a Node.js that is too old for the rest with one sentence, where it would end with a SyntaxError. Loaded before
// anything else is parsed (node -r), and itself written for Node.js 12, which Ubuntu 22.04 has.
'use strict';

const { engines } = require('../package.json');

const oldest = engines.node.replace('>=', '');

function isOlder(version, than) {
  const parts = version.split('.').map(Number);
  const others = than.split('.').map(Number);
  const at = parts.findIndex((part, index) => part !== others[index]);
  return at >= 0 && parts[at] < others[at];
}

if (isOlder(process.versions.node, oldest)) {
  process.stderr.write(
    'effvit needs Node.js ' +
      oldest +
      ' or later and was started by ' +
      process.versions.node +
      ' (' +
      process.execPath +
      '): install one beside it with nvm (nvm install 20) or from nodesource.com (setup_20.x), and put it first on PATH or name it in EFFVIT_NODE.\n',
  );
  process.exit(1);
}

module.exports = { isOlder, oldest };
