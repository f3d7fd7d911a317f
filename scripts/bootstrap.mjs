/**
 * Runs a script of this repository from a bare clone: `node scripts/bootstrap.mjs scripts/demo.ts [arguments]`.
 *
 * It installs the packages when they are not as the lockfile says, then starts the script with the Node that is one of
 * them. Plain JavaScript without dependencies: it runs on whatever Node the machine has, from 18 on.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');
const node = join(bin, 'node');

/** npm writes the second one last, as the record of what it has installed. */
const WANTED = 'package-lock.json';
const INSTALLED = join('node_modules', '.package-lock.json');

/** @param {string} file */
function packagesIn(file) {
  return JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
}

/** Compared by what is in it, not by dates: those change with every checkout. */
function isInstalled() {
  if (!existsSync(join(root, INSTALLED)) || !existsSync(node)) return false;
  const installed = packagesIn(INSTALLED);
  // Optional ones may be absent: most are for other machines. Those that are there must be right, too.
  return Object.entries(packagesIn(WANTED)).every(
    ([path, { version, optional }]) =>
      path === '' || (path in installed ? installed[path].version === version : optional === true),
  );
}

/**
 * Resolves with the exit code, 128 + n after signal n. The signals that end us go on to the command, which decides.
 *
 * @param {string} command
 * @param {string[]} args
 * @returns {Promise<number>}
 */
function run(command, args) {
  return new Promise((resolve) => {
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
    const child = spawn(command, args, { cwd: root, env, stdio: 'inherit' });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
    child.on('error', (error) => {
      console.error(`${command} cannot be started: ${error.message}`);
      resolve(127);
    });
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}

async function install() {
  console.error('Installing the packages of package-lock.json with `npm ci`, which takes about half a minute…');
  // The warnings are about the age of this Node, which only installs: the packages run on the one that comes with them.
  const code = await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  if (code !== 0) {
    console.error(`npm ci ended with exit code ${code}; without the packages nothing else can run.`);
    process.exit(code);
  }
}

const [script, ...args] = process.argv.slice(2);
if (script === undefined) {
  console.error('Usage: node scripts/bootstrap.mjs SCRIPT [ARGUMENTS]');
  process.exit(2);
}
if (Number(process.versions.node.split('.')[0]) < 18) {
  console.error(`Node ${process.versions.node} is too old to install the packages: use Node 18 or later.`);
  process.exit(1);
}
if (!isInstalled()) await install();
process.exitCode = await run(node, [script, ...args]);
