/** Bundle the tests (Node 18 strips no types) and run them by node:test. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

const here = fileURLToPath(new URL('.', import.meta.url))
const outdir = `${here}../node_modules/.cache/tactful-tests`
const tests = readdirSync(here).filter((name) => name.endsWith('.test.ts'))

buildSync({
  entryPoints: tests.map((name) => here + name),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node18',
  outdir,
  outExtension: { '.js': '.mjs' },
})
const built = tests.map((name) => `${outdir}/${name.replace(/ts$/, 'mjs')}`)
process.exit(spawnSync(process.execPath, ['--test', ...built], { stdio: 'inherit', cwd: here }).status ?? 1)
