/**
 * `node scripts/check-imports.ts`: whether imports point one way. The table says for each room which others it may use
 * besides itself; and no file imports itself in a circle. Why one way: a room can then be read, tested and replaced with
 * nothing in mind but what lies below it.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { brokenImports, type Rooms } from './imports/graph.ts';

const ROOMS: Rooms = {
  'src/api': [],
  'src/core': ['src/api'],
  'src/runtime': [],
  'src/ports.ts': ['src/api', 'src/core'],
  'src/reconcile': ['src/api', 'src/core', 'src/ports.ts', 'src/runtime'],
  'src/azure': ['src/api', 'src/core', 'src/ports.ts', 'src/runtime'],
  'src/kube': ['src/api', 'src/core', 'src/ports.ts', 'src/runtime'],
  'src/telemetry': ['src/api', 'src/core', 'src/ports.ts', 'src/runtime'],
  'src/triggers': ['src/core', 'src/ports.ts', 'src/runtime', 'src/kube/objects'],
  'src/http': ['src/runtime', 'src/telemetry/metrics'],
  'src/config.ts': ['src/core', 'src/telemetry/log', 'src/http'],
  'src/wiring': [
    'src/core',
    'src/runtime',
    'src/reconcile',
    'src/azure',
    'src/kube',
    'src/triggers',
    'src/telemetry',
    'src/http',
    'src/config.ts',
  ],
  'src/cli': ['src/api', 'src/core', 'src/ports.ts', 'src/runtime', 'src/azure', 'src/kube'],
  'src/main.ts': ['src/wiring', 'src/config.ts', 'src/runtime', 'src/telemetry/log'],
  dev: ['src'],
  scripts: ['src', 'dev'],
  test: ['src', 'dev', 'scripts'],
};

const tracked = ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts'];
const files = execFileSync('git', tracked, { encoding: 'utf8' }).trim().split('\n');
const sources = new Map(files.map((file) => [file, readFileSync(file, 'utf8')] as const));
for (const broken of brokenImports(sources, { rooms: ROOMS, strict: 'src' })) {
  console.error(broken);
  process.exitCode = 1;
}
