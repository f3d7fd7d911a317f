/** `npm run screenshot`: runs the demo, and makes the picture of the README of what it shows: docs/images/demo.svg. */
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { demoSteps } from './docs/demo-steps.ts';
import { terminalSvg } from './docs/terminal-svg.ts';

const ROOT = new URL('../', import.meta.url);
const PICTURE = new URL('docs/images/demo.svg', ROOT);

/** As a terminal gets it. @throws when a step did not happen */
async function runDemo(): Promise<string> {
  const child = spawn('npm', ['run', '--silent', 'demo', '--', '--exit'], {
    cwd: fileURLToPath(ROOT),
    env: { ...process.env, FORCE_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  const shown = await text(child.stdout);
  const code = await exited;
  if (code !== 0) throw new Error(`the demo ended with ${code}:\n${shown}`);
  return shown;
}

const picture = terminalSvg('npm run demo', demoSteps(await runDemo()).join('\n\n'));
await mkdir(new URL('./', PICTURE), { recursive: true });
await writeFile(PICTURE, picture);
