/**
 * Build the npm package `tactful` (packages/tactful) into its folder `dist`, or into the one that is named: modules,
 * their types, and a package.json with the version of the service, which stands in pyproject.toml alone.
 */
import { execFileSync } from 'node:child_process'
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = join(here, '..')
const source = join(root, 'packages/tactful')
const target = resolve(process.argv[2] ?? join(source, 'dist'))

await rm(target, { recursive: true, force: true })
await mkdir(target, { recursive: true })
await build({
  entryPoints: ['index', 'segment'].map((name) => join(source, `src/${name}.ts`)),
  outdir: target,
  format: 'esm',
  target: 'es2020',
})
execFileSync(process.execPath, [join(here, 'node_modules/typescript/bin/tsc'), '-p', source, '--outDir', target], { stdio: 'inherit' })

const [, version] = /^version = "(.+)"$/m.exec(await readFile(join(root, 'pyproject.toml'), 'utf8'))
const { name, ...about } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8'))
await writeFile(join(target, 'package.json'), JSON.stringify({ name, version, ...about }, null, 2) + '\n')
await copyFile(join(source, 'README.md'), join(target, 'README.md'))
await copyFile(join(root, 'LICENSE'), join(target, 'LICENSE'))
console.log(`tactful ${version} in ${target}`)
