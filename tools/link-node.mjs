// Some npm versions drop node_modules/.bin/node when another platform's Node package is skipped.
// This puts the link back, so that every npm script runs on the pinned Node. Runs on any Node.
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';

const modules = new URL('../node_modules/', import.meta.url);
const installed = readdirSync(modules).find(
  (name) => /^node-(bin-)?(linux|darwin)-/.test(name) && existsSync(new URL(`${name}/bin/node`, modules)),
);
const link = new URL('.bin/node', modules);
if (installed !== undefined && !existsSync(link)) {
  mkdirSync(new URL('.bin/', modules), { recursive: true });
  symlinkSync(`../${installed}/bin/node`, link);
}
