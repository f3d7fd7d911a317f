/** The process: reads its configuration, and runs the operator until a signal or a failure ends it. */
import { type Config, ConfigError, parseConfig, usage } from './config.ts';
import { systemClock } from './runtime/clock.ts';
import { type Component, runLifecycle } from './runtime/lifecycle.ts';
import { createLog, type RootLog } from './telemetry/log/log.ts';
import { createOperator } from './wiring/operator.ts';

declare const __VERSION__: string | undefined;
const VERSION = typeof __VERSION__ === 'undefined' ? 'dev' : __VERSION__;

const clock = systemClock;

async function main(): Promise<number> {
  const command = parseConfig(process.argv.slice(2), process.env);
  if (command.kind !== 'run') return print(command.kind === 'help' ? usage() : VERSION);
  return run(command.config);
}

async function run(config: Config): Promise<number> {
  const log = createLog({ level: config.logLevel, now: clock.now });
  log.info('starting', { version: VERSION, node: process.version });
  const exitCode = await runLifecycle({ components: componentsOf(config, log), signals: process, clock, log });
  log.info('stopped', { exitCode });
  return exitCode;
}

/** No request has been sent yet, so what fails here is the configuration. @throws ConfigError */
function componentsOf(config: Config, log: RootLog): Component[] {
  try {
    return createOperator({ config, log, clock, version: VERSION });
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

try {
  process.exit(await main());
} catch (error) {
  // A wrong setting is one line; anything else is a defect, and its stack shows where.
  process.stderr.write(
    `${error instanceof ConfigError ? error.message : error instanceof Error ? error.stack : error}\n`,
  );
  process.exit(1);
}
