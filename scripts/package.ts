/**
 * `npm run package`: writes everything that a release holds into dist/release, with a sum for each file, and beside it what the release says of itself. The same sources give the same bytes.
 *
 * The image is built by `docker buildx` from the published bases where that is to be had. Elsewhere BuildKit builds it from stand-ins of the bases (Linux and root), which
 * is for trying, not for publishing: the name of the file says so. Without either, and with --without-image, it is left out. With --own-platform-only, kubectl azir is
 * packed for this machine alone. With --release, CHANGELOG.md must have a section of the version, and nothing of kubectl azir may be missing.
 */
import { createHash } from 'node:crypto';
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { run } from '../dev/controlplane/child.ts';
import { stderrLog, step, type Task } from '../dev/controlplane/log.ts';
import { buildImage } from '../dev/machine/image.ts';
import { whyUnsuitable } from '../dev/machine/suitable.ts';
import { haveTools, pathOf } from '../dev/tools/index.ts';
import { type Image, imagesIn } from './package/archive.ts';
import { releaseNotes } from './package/changelog.ts';
import { debianPackages } from './package/debian.ts';
import { writePlugin } from './package/plugin.ts';
import { inWords, sizesOf } from './package/sizes.ts';
import { call, tarball } from './package/tarball.ts';
import { whyNotPackaged } from './package/version.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = join(root, 'dist', 'release');
/** Not among the files of the release: it is the text that they are shown with. */
const notes = join(root, 'dist', 'release-notes.md');
const NAME = 'azure-ir-operator';
const NAMESPACE = 'azure-ir-system';
const ARCHITECTURES = ['amd64', 'arm64'] as const;
const PLATFORMS = ARCHITECTURES.map((architecture) => `linux/${architecture}`);

const task: Task = { log: stderrLog('package'), signal: new AbortController().signal };

interface Options {
  readonly version: string;
  /** Where the image will be, without its tag. */
  readonly repository: string;
  /** The URL of the repository with the sources, as GitHub has them; empty where they are not published. */
  readonly sources: string;
  /** Seconds since 1970: the time of the commit, for all that has to have a time. */
  readonly epoch: string;
}

const text = (path: string): Promise<string> => readFile(join(root, path), 'utf8');

/** Whether it may be packaged; else says why not. */
async function isComplete(version: string, release: boolean): Promise<boolean> {
  const pages = { changelog: await text('CHANGELOG.md'), chart: await text('deploy/chart/Chart.yaml') };
  const why = whyNotPackaged(version, pages, { release });
  if (why !== undefined) process.stderr.write(`${why}\n`);
  return why === undefined;
}

/** As `helm package` makes it, but for the times and owners of its files. The chart of a release knows where its image, its sources and its runbook are. */
async function writeChart(options: Options, scratch: string): Promise<string> {
  const { version, epoch, sources } = options;
  const chart = join(scratch, NAME);
  await cp(join(root, 'deploy', 'chart'), chart, { recursive: true });
  await fillIn(join(chart, 'values.yaml'), '  repository: ""', `  repository: ${options.repository}`);
  await fillIn(join(chart, 'Chart.yaml'), '\nannotations:\n', `\nannotations:\n${annotationsOf(options)}`);
  if (sources !== '') {
    const runbook = `${sources}/blob/v${version}/docs/runbook.md`;
    await fillIn(join(chart, 'values.yaml'), '    runbookUrl: ""', `    runbookUrl: ${runbook}`);
    await fillIn(join(chart, 'Chart.yaml'), '\nkeywords:', `\nhome: ${sources}\nsources: [${sources}]\nkeywords:`);
  }
  const file = join(out, `${NAME}-chart-${version}.tgz`);
  await tarball(file, { folder: scratch, names: [NAME], epoch, level: 9 }, task);
  return file;
}

/** What Artifact Hub is told that only the release knows (https://artifacthub.io/docs/topics/annotations/helm, documented): YAML in strings. */
function annotationsOf({ version, repository, sources }: Options): string {
  const images = [{ name: NAME, image: `${repository}:${version}`, platforms: PLATFORMS }];
  const links = [
    // By this name it is shown as where to report an issue.
    { name: 'support', url: `${sources}/issues` },
    { name: 'documentation', url: `${sources}/blob/v${version}/docs/README.md` },
  ];
  const told = { images, ...(sources === '' ? {} : { links }) };
  const all = Object.entries(told).map(([key, value]) => [`artifacthub.io/${key}`, stringify(value)]);
  return stringify(Object.fromEntries(all)).replaceAll(/^(?=.)/gm, '  ');
}

async function fillIn(file: string, blank: string, filled: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  if (!text.includes(blank)) throw new Error(`${file} has no ${blank.trim()} to fill in`);
  await writeFile(file, text.replace(blank, filled));
}

async function writeManifests({ repository }: Options, chart: string): Promise<void> {
  const where = ['--namespace', NAMESPACE, '--set', `image.repository=${repository}`];
  const rendered = await call(pathOf('helm'), ['template', NAME, chart, '--skip-tests', ...where], task);
  const namespace = await text('deploy/kustomize/namespace.yaml');
  await writeFile(join(out, 'install.yaml'), `${namespace.trimEnd()}\n${rendered}`);
  await copyFile(join(root, 'crds', 'azure-ir.io_azureintegrationruntimes.yaml'), join(out, 'crd.yaml'));
}

interface Component {
  readonly 'bom-ref': string;
  readonly properties?: readonly { readonly name: string }[];
}

const isForDevelopment = ({ properties = [] }: Component): boolean =>
  properties.some(({ name }) => name === 'cdx:npm:package:development');

/**
 * Of what is in the image: the packages of the bundle, Node, and the Debian packages of the base. Without what differs from one run to the next. `npm sbom --omit dev` would also leave out a package that
 * the operator has in common with a tool.
 */
async function writeBillOfMaterials(
  { version, epoch }: Options,
  images: readonly Image[],
  scratch: string,
): Promise<void> {
  const args = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only', '--sbom-type', 'application'];
  const bill = JSON.parse(await call('npm', args, task));
  const omitted = new Set(bill.components.filter(isForDevelopment).map((each: Component) => each['bom-ref']));
  bill.components = bill.components.filter((each: Component) => !omitted.has(each['bom-ref']));
  bill.dependencies = bill.dependencies
    .filter(({ ref }: { ref: string }) => !omitted.has(ref))
    .map(({ ref, dependsOn }: { ref: string; dependsOn: string[] }) => ({
      ref,
      dependsOn: dependsOn.filter((on) => !omitted.has(on)),
    }));
  const { node } = JSON.parse(await text('package.json')).devDependencies;
  delete bill.serialNumber;
  // npm takes that of the folder.
  bill.metadata.component.name = NAME;
  bill.metadata.timestamp = new Date(Number(epoch) * 1_000).toISOString();
  bill.components.push({
    type: 'platform',
    'bom-ref': `node@${node}`,
    name: 'node',
    version: node,
    purl: `pkg:generic/node@${node}`,
    licenses: [{ license: { id: 'MIT' } }],
  });
  for (const { name, version, architecture } of await debianPackages(images, scratch)) {
    const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}&distro=debian-12`;
    bill.components.push({ type: 'library', 'bom-ref': purl, name, version, purl });
  }
  await writeFile(join(out, `${NAME}-${version}.cdx.json`), `${JSON.stringify(bill, null, 2)}\n`);
}

/** Resolves with its file, where there is one. */
async function writeImage({ version, repository, epoch }: Options): Promise<string | undefined> {
  const name = `${repository}:${version}`;
  const file = join(out, `${NAME}-${version}.oci.tar`);
  if (await hasBuildx()) {
    const output = `type=oci,dest=${file},name=${name},rewrite-timestamp=true`;
    const args = ['buildx', 'build', '--platform', PLATFORMS.join(','), '--output', output, '--provenance=false', '.'];
    await call('docker', args, task, { env: { ...process.env, SOURCE_DATE_EPOCH: epoch } });
    return file;
  }
  const why = await whyUnsuitable(process.env, task);
  if (why !== undefined || !(await haveTools(['buildctl'], task))) {
    task.log(`the image is left out: there is no docker buildx, and ${why ?? 'BuildKit cannot be built'}`);
    return undefined;
  }
  const standIn = join(out, `${NAME}-${version}.not-for-publishing.oci.tar`);
  await buildImage({ name, file: standIn, architectures: ARCHITECTURES, compress: true, epoch }, process.env, task);
  for (const log of [`${standIn}.log`, `${standIn}.daemon.log`]) await rm(log);
  return standIn;
}

const hasBuildx = (): Promise<boolean> =>
  run('docker', ['buildx', 'version'], { signal: task.signal }).then(({ code }) => code === 0);

/** As sha256sum --check reads them. */
async function writeSums(): Promise<void> {
  const names = (await readdir(out)).filter((name) => name !== 'SHA256SUMS').sort();
  const lines = await Promise.all(
    names.map(
      async (name) =>
        `${createHash('sha256')
          .update(await readFile(join(out, name)))
          .digest('hex')}  ${name}\n`,
    ),
  );
  await writeFile(join(out, 'SHA256SUMS'), lines.join(''));
}

async function main(args: readonly string[]): Promise<void> {
  const { version } = JSON.parse(await text('package.json'));
  if (!(await isComplete(version, args.includes('--release')))) {
    process.exitCode = 1;
    return;
  }
  const epoch = process.env.SOURCE_DATE_EPOCH || (await call('git', ['log', '-1', '--format=%ct'], task)).trim();
  const { IMAGE_REPOSITORY, REPOSITORY_URL } = process.env;
  const options = { version, epoch, repository: IMAGE_REPOSITORY || NAME, sources: REPOSITORY_URL ?? '' };
  if (!(await haveTools(['helm'], task))) throw new Error('the chart needs helm, which cannot be built here');
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  await writeFile(notes, releaseNotes(await text('CHANGELOG.md'), options));
  const scratch = await mkdtemp(join(tmpdir(), 'package-'));
  try {
    await writeManifests(options, await writeChart(options, scratch));
    const image = args.includes('--without-image')
      ? undefined
      : await step(task.log, 'building the image', '1 to 3 minutes', () => writeImage(options));
    const images = image === undefined ? [] : await imagesIn(image, scratch);
    for (const each of images) task.log(`the image for ${each.architecture}: ${inWords(await sizesOf(each))}`);
    await writeBillOfMaterials(options, images, scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  await writePlugin({ version, epoch, out }, args, task);
  await writeSums();
  process.stdout.write(await readFile(join(out, 'SHA256SUMS'), 'utf8'));
}

await main(process.argv.slice(2));
