/** Exits 1 when a file of src, dev, scripts or test does not begin with what it is for, or one of src is too long. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { brokenFiles } from './files/files.ts';

const tracked = ['ls-files', '--cached', '--others', '--exclude-standard', 'src', 'dev', 'scripts', 'test'];
const files = execFileSync('git', tracked, { encoding: 'utf8' }).trim().split('\n');
for (const broken of brokenFiles(new Map(files.map((file) => [file, readFileSync(file, 'utf8')] as const)))) {
  console.error(broken);
  process.exitCode = 1;
}
