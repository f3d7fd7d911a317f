/** The pages of the documentation, and a shell in which their commands are run as a reader would type them. */
import { execFile, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Cluster } from '../../dev/installation/kubectl.ts';
import { pathOf } from '../../dev/tools/index.ts';
import { type Block, blocksOf } from '../../scripts/docs/commands.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What the commands name, by paths from the clone. */
const FOLDERS = ['crds', 'deploy', 'examples'];

const PLUGINS = ['kubectl-azir', 'kubectl_complete-azir'];

/** Why a command of a page is not run by the test of the pages. */
const NOT_RUN: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/^docker /, 'it needs a container engine'],
  [/^kind /, 'it needs a kind cluster'],
  [/(?:^|\$\()az /, 'it needs Azure'],
  [/^terraform /, 'it needs Terraform'],
  [/--azure-credential azure-cli/, 'it needs the Azure CLI'],
  [/^kubectl (?:logs|rollout) /, 'there are no pods'],
  [/^npm (?:run demo(?: -- --push)?|test)$/, 'it is a stage of npm test, or that itself'],
  ...(hasJq() ? [] : [[/\| jq /, 'there is no jq'] as const]),
];

export interface Page {
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

export function readPages(): Page[] {
  const docs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`);
  return ['README.md', ...docs.sort()].map((path) => {
    const text = readFileSync(join(ROOT, path), 'utf8');
    return {
      path,
      text,
      blocks: blocksOf(text)
        .map(runnable)
        .filter((block) => block.length > 0),
    };
  });
}

function hasJq(): boolean {
  return spawnSync('jq', ['--version']).status === 0;
}

function runnable(block: Block): Block {
  return block.filter(({ text }) => !NOT_RUN.some(([pattern]) => pattern.test(text)));
}

/** What a reader has set: variables, by their names. */
type Variables = Readonly<Record<string, string>>;

/** A reader's terminal: kubectl, its plugin and helm on its path, the clone's files before it, and a cluster. */
export class Terminal {
  readonly #cluster: Cluster;
  readonly #folder: string;
  readonly #variables: Variables;
  readonly #closed = new AbortController();

  private constructor(cluster: Cluster, folder: string, variables: Variables) {
    this.#cluster = cluster;
    this.#folder = folder;
    this.#variables = variables;
  }

  static async open(cluster: Cluster, variables: Variables = {}): Promise<Terminal> {
    const folder = await mkdtemp(join(tmpdir(), 'pages-'));
    for (const name of FOLDERS) await symlink(join(ROOT, name), join(folder, name));
    await mkdir(join(folder, 'bin'));
    for (const name of PLUGINS) await symlink(join(ROOT, 'dist', `${name}.js`), join(folder, 'bin', name));
    return new Terminal(cluster, folder, variables);
  }

  /** A file that the reader has. */
  async write(name: string, text: string): Promise<void> {
    const path = join(this.#folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }

  /** As it was in the beginning. */
  async remove(...names: readonly string[]): Promise<void> {
    for (const name of names) await rm(join(this.#folder, name), { recursive: true, force: true });
  }

  /** Saves the files that the page shows: a block of YAML that begins with its name, `# values.yaml`. */
  async save({ text }: Page): Promise<void> {
    for (const [, content = '', name = ''] of text.matchAll(/^```yaml\n(# ([\w.-]+\.yaml)\n[\s\S]*?)^```$/gm)) {
      await writeFile(join(this.#folder, name), content);
    }
  }

  /** Resolves with what it printed; rejects with what it complained of. */
  async run(command: string): Promise<string> {
    const { kubectl, kubeconfig, cache } = this.#cluster;
    const programs = [dirname(kubectl), join(this.#folder, 'bin'), dirname(process.execPath), dirname(pathOf('helm'))];
    const path = [...programs, process.env.PATH].join(':');
    const env = {
      PATH: path,
      HOME: this.#folder,
      KUBECONFIG: kubeconfig,
      KUBECACHEDIR: cache,
      SUBSCRIPTION: SUBSCRIPTION,
      ...this.#variables,
    };
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', filledIn(command)], {
      cwd: this.#folder,
      env,
      signal: this.#closed.signal,
    });
    return stdout;
  }

  /** Ends what is still waiting for something. */
  async close(): Promise<void> {
    this.#closed.abort();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

const SUBSCRIPTION = '00000000-0000-0000-0000-000000000001';

/** What a reader is to replace by what they have. */
function filledIn(command: string): string {
  return command.replaceAll('<name>', 'my-sample-azure-ir').replaceAll('<namespace>', 'default');
}
