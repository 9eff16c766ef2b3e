#!/usr/bin/env node
// Checks the Node.js version before anything newer than it is parsed; then src/main.ts takes over.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 24 || (major === 24 && minor < 15)) {
  console.error(
    `posthorn needs Node.js 24.15 or newer; this is ${process.versions.node} (${process.execPath}).\n` +
      'Install a newer one from https://nodejs.org, or inside a clone run: npm ci && npm start',
  );
  process.exitCode = 2;
} else {
  await import('../src/main.ts');
}
