/** The control of an emulator in another process, over HTTP. */
import type { EmulatorControl } from './control.ts';
import { CONTROL_ROUTES, toQuery } from './control-routes.ts';
import { parseVerbatim } from './json.ts';

/** The control endpoint of an emulator that runs as its own process. */
export function createControlClient(controlUrl: string): EmulatorControl {
  const entries = Object.entries(CONTROL_ROUTES).map(([name, [verb, path]]) => [
    name,
    (args?: object) => call(controlUrl, verb, path, args),
  ]);
  return Object.fromEntries(entries) as EmulatorControl;
}

async function call(base: string, verb: string, path: string, args: object | undefined): Promise<unknown> {
  const inQuery = verb === 'GET' || verb === 'DELETE';
  const query = inQuery ? toQuery(args) : '';
  const response = await fetch(new URL(query === '' ? path : `${path}?${query}`, base), {
    method: verb,
    ...(inQuery ? {} : { body: JSON.stringify(args ?? {}), headers: { 'content-type': 'application/json' } }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`emulator control ${verb} ${path}: ${response.status} ${text}`);
  return text === '' ? undefined : (parseVerbatim(text) as unknown);
}
