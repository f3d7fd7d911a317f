/** The Dockerfile, as the front end of `docker build` judges it. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { readDockerfile, readImage } from '../../dev/installation/image.ts';
import { FrontEnd } from '../../dev/tools/dockerfile.ts';
import { describeWith } from '../support/tools.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const file = (path: string) => readFileSync(`${root}${path}`, 'utf8');

const BASE = 'gcr.io/distroless/cc-debian12:nonroot';
const NODE = `docker.io/library/node:${JSON.parse(file('package.json')).devDependencies.node}-bookworm-slim`;
const ARCHITECTURES = ['linux/amd64', 'linux/arm64'];
const PAIRS = ARCHITECTURES.flatMap((platform) => ARCHITECTURES.map((buildPlatform) => ({ platform, buildPlatform })));

(await describeWith('dockerfile'))('the Dockerfile', () => {
  let frontEnd: FrontEnd;
  let dockerfile: string;
  beforeAll(async () => {
    frontEnd = new FrontEnd();
    dockerfile = await readDockerfile();
  });
  afterAll(() => frontEnd.stop());

  test.each(PAIRS)('is built for $platform on $buildPlatform, and the linter has nothing to say', async (platforms) => {
    expect((await frontEnd.judge(dockerfile, platforms)).warnings).toEqual([]);
  });

  test.each(PAIRS)('for $platform on $buildPlatform runs nothing that is not of the builder', async (platforms) => {
    const { runs } = await frontEnd.judge(dockerfile, platforms);
    expect(runs.map(({ platform }) => platform)).toEqual(runs.map(() => platforms.buildPlatform));
    expect(runs.length).toBeGreaterThan(1);
  });

  test.each(PAIRS)(
    'for $platform on $buildPlatform adds Node of that platform and one file that has none',
    async (platforms) => {
      const { base, copies } = await frontEnd.judge(dockerfile, platforms);
      expect(base).toBe(BASE);
      expect(copies).toEqual([
        { from: '/usr/local/bin/node', to: '/nodejs/bin/node', base: NODE, platform: platforms.platform },
        { from: '/build/dist/main.mjs', to: '/app/main.mjs', base: NODE, platform: platforms.buildPlatform },
      ]);
    },
  );

  test('names every image by a tag or a digest', () => {
    const named = [...dockerfile.matchAll(/^(?:FROM(?: --\S+)*|ARG BASE=) ?(\S+)/gm)].map(([, image = '']) => image);
    const images = named.filter((image) => !image.startsWith('$'));
    expect(images.length).toBeGreaterThan(2);
    for (const image of images) expect(image).toMatch(/^\S+(:(?!latest$)[\w.-]+|@sha256:[0-9a-f]{64})$/);
  });

  test('starts Node on that file, listens where the probes ask, and is the user that the pod asks for', async () => {
    const { entrypoint, uid, gid } = await readImage();
    expect([entrypoint.at(0), entrypoint.at(-1)]).toEqual(['/nodejs/bin/node', '/app/main.mjs']);
    const { securityContext, containers } = parse(file('deploy/kustomize/deployment.yaml')).spec.template.spec;
    expect(securityContext).toMatchObject({ runAsUser: uid, runAsGroup: gid, runAsNonRoot: true });
    const { config } = await frontEnd.judge(dockerfile, { platform: 'linux/amd64', buildPlatform: 'linux/amd64' });
    const ports = containers[0].ports.map(({ containerPort }: { containerPort: number }) => `${containerPort}/tcp`);
    expect(Object.keys(config.ExposedPorts ?? {}).sort()).toEqual(ports.sort());
  });

  describe('would not be built', () => {
    const platforms = { platform: 'linux/amd64', buildPlatform: 'linux/amd64' };
    const refusalOf = (changed: string) => expect(frontEnd.judge(changed, platforms)).rejects;

    test('with the argument for its base inside a stage, which no later FROM sees', async () => {
      const [argument = ''] = /^ARG BASE=.*\n/m.exec(dockerfile) ?? [];
      const inside = dockerfile.replace(argument, '').replace(/^WORKDIR/m, `${argument}$&`);
      await refusalOf(inside).toThrow('base name ($' + '{BASE}) should not be blank');
    });

    test('with an unknown instruction, or a mount of no known kind', async () => {
      await refusalOf(`${dockerfile}\nCOPPY a b\n`).toThrow('unknown instruction: COPPY');
      await refusalOf(`${dockerfile}\nRUN --mount=type=nothing true\n`).toThrow('unsupported mount type');
    });
  });
});
