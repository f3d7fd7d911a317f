/** `npm run screenshot`: runs the demo, and makes the picture of the README of what it shows: docs/images/demo.svg. */
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { terminalSvg, withoutColours } from './docs/terminal-svg.ts';

const ROOT = new URL('../', import.meta.url);
const PICTURE = new URL('docs/images/demo.svg', ROOT);
/** What takes more room than it tells: long answers, and what only a script waits for. */
const LEFT_OUT = /^ +\$ (?:curl|kubectl describe|kubectl wait)\b/;

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

/** The numbered steps, each with the commands that are shown and their answers. */
function steps(shown: string): string[] {
  const parts = shown.split(/\n(?=[^\n]*m(?:\d+\. |All \d+ steps ))/).slice(1);
  const end = parts.findIndex((part) => /^All /.test(withoutColours(part)));
  return parts
    .slice(0, end)
    .map(shortened)
    .filter((part) => part !== undefined);
}

/** Undefined for a step of which nothing is left. */
function shortened(step: string): string | undefined {
  const [heading = '', ...commands] = step.split(/\n(?=[^\n]*\$ )/);
  const kept = commands.filter((command) => !LEFT_OUT.test(withoutColours(command)));
  return kept.length === 0 ? undefined : [heading.trimEnd(), ...kept].join('\n').trimEnd();
}

const picture = terminalSvg('npm run demo', steps(await runDemo()).join('\n\n'));
await mkdir(new URL('./', PICTURE), { recursive: true });
await writeFile(PICTURE, picture);
