/** `npm run bench`: how fast, how light and how quiet the operator is. Prints a row of a table and a line of JSON for each. */
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { buildBundle } from '../installation/bundle.ts';
import { CASES } from './cases.ts';
import { jsonLine, row } from './result.ts';

const USAGE = `Measures the operator on a real API server and an emulated Azure.

  npm run bench                                every benchmark
  npm run bench -- NAME... [--objects N]       only these, each with N objects

${Object.entries(CASES)
  .map(([name, { about, objects }]) => `  ${name.padEnd(12)} ${about} (${objects} object${objects === 1 ? '' : 's'})`)
  .join('\n')}
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { objects: { type: 'string' }, help: { type: 'boolean', default: false } },
});
const chosen = positionals.length > 0 ? positionals : Object.keys(CASES);
const unknown = chosen.filter((name) => !(name in CASES));
const wrong = values.objects !== undefined && !/^[1-9]\d{0,5}$/.test(values.objects);

if (values.help || unknown.length > 0 || wrong) {
  if (unknown.length > 0) process.stderr.write(`There is no benchmark ${unknown.join(', ')}.\n`);
  if (wrong) process.stderr.write(`--objects ${values.objects} is no number of objects.\n`);
  process.stdout.write(USAGE);
  process.exitCode = values.help ? 0 : 2;
} else {
  await buildBundle();
  process.stdout.write(`${availableParallelism()} cores, ${cpus()[0]?.model}, Node ${process.version}\n`);
  process.stdout.write('| benchmark | objects | figures | to compare with |\n| --- | --- | --- | --- |\n');
  for (const name of chosen) {
    const each = CASES[name];
    if (each === undefined) continue;
    const result = await each.run(Number(values.objects ?? each.objects));
    process.stdout.write(`${row(result)}\n${jsonLine(result)}\n`);
  }
}
