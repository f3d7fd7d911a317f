/** Of what the demo shows, that which fits into a picture. */
import { withoutColours } from './terminal-svg.ts';

/** What takes more room than it tells: long answers, and what only a script waits for. */
const LEFT_OUT = /^ +\$ (?:curl|kubectl describe|kubectl wait)\b/;

/** The numbered steps, each with the commands that are kept and their answers. */
export function demoSteps(shown: string): string[] {
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
