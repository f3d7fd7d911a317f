/**
 * The runtimes of a Git folder that a factory or workspace is connected to: `integrationRuntime/<name>.json`, each with
 * `name` and `properties`, and `factory/<name>.json`.
 *
 * https://learn.microsoft.com/azure/data-factory/source-control (documented: one JSON file a resource, in a folder of its
 * type). The folder names the factory of development, not its group or subscription, and the same folder is deployed to
 * others: which one is meant is asked for.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isObject } from '../../../core/model/json.ts';
import type { Parent } from '../../../core/model/runtime.ts';
import { readText as textOf } from '../../../kube/client/raw.ts';
import { isPossible } from '../../azure/scope.ts';
import { CommandError } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { parseJson, readText, type Source, type Wanted } from './source.ts';

const FOLDER = 'integrationRuntime';

/** @throws CommandError where there is no such folder. */
export async function fromAdfGit(root: string, parents: readonly Parent[], io: Io): Promise<Source> {
  if (parents.length === 0) {
    throw new CommandError(
      `--from-adf-git ${root} does not tell which factory is meant: give --factory ARM-ID, or --workspace ARM-ID`,
    );
  }
  const folder = join(root, FOLDER);
  const files = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(
      error.code === 'ENOENT'
        ? `${root} has no folder ${FOLDER}: give the root folder that the factory's Git configuration names`
        : `${folder} cannot be read: ${error.message}`,
    );
  });
  const wanted: Wanted[] = [];
  const errors: string[] = [];
  for (const file of files.filter((name) => name.endsWith('.json')).sort()) {
    const declaredIn = join(folder, file);
    try {
      const name = nameIn(declaredIn, await readText(declaredIn, io));
      const ids = parents.map((parent) => ({ parent, name }));
      if (!ids.every(isPossible)) throw new CommandError(`${declaredIn} has a name that no runtime in Azure can have`);
      wanted.push(...ids.map((id) => ({ id, declaredIn })));
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      errors.push(error.message);
    }
  }
  return { wanted, skipped: [], errors };
}

function nameIn(file: string, text: string): string {
  const document = parseJson(file, text, 'Open it in the Studio, or restore it from Git.');
  const name = isObject(document) ? textOf(document.name) : undefined;
  if (name === undefined) throw new CommandError(`${file} has no name: it is no integration runtime of a Git folder`);
  return name;
}
