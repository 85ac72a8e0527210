/**
 * Build the loader and the files that it loads (card, live, moments) into the server's static files, the same bytes every time.
 *
 * esbuild bundles, terser minifies: one after the other saves 5 %. Names that begin with `_` are private and get short
 * ones. The loader is served with the project's configuration in place of its placeholder; the others under names
 * with their hash, pinned by `integrity`.
 */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build, transform } from 'esbuild'
import { minify } from 'terser'

const PLACEHOLDER = '"__TACTFUL_CONFIG__"'
const here = new URL('.', import.meta.url)
const target = new URL('../server/tactful/web/static/widget/', here)

/** A style sheet becomes its minified text. */
const cssText = {
  name: 'css-text',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const css = await readFile(path, 'utf8')
      const { code } = await transform(css, { loader: 'css', minify: true, target: ['chrome100', 'safari15', 'firefox100'] })
      return { contents: code.trim(), loader: 'text' }
    }),
}

const bundle = async (entry) => {
  const built = await build({
    entryPoints: [fileURLToPath(new URL(entry, here))],
    bundle: true,
    format: 'esm',
    target: 'es2021',
    minifySyntax: true,
    plugins: [cssText],
    tsconfigRaw: { compilerOptions: { alwaysStrict: false, useDefineForClassFields: false } },
    write: false,
  })
  const { code } = await minify(built.outputFiles[0].text, {
    ecma: 2021,
    toplevel: true,
    compress: { passes: 5, unsafe_arrows: true, pure_getters: true },
    mangle: { properties: { regex: /^_./ } },
  })
  // Wrapped last: terser unwraps what esbuild wraps, and its names would be the host page's.
  return `(()=>{${code.replace(/;$/, '')}})()`
}

/** A script of our own pages: libraries in it keep their names, since some are looked up by text, and their licences. */
const bundlePage = async (entry) => {
  const entryPoints = [fileURLToPath(new URL(entry, here))]
  const built = await build({ entryPoints, bundle: true, format: 'iife', target: 'es2022', minify: true, legalComments: 'eof', write: false })
  return built.outputFiles[0].text
}

const digest = (algorithm, code, encoding) => createHash(algorithm).update(code).digest(encoding)

const pinned = (name, code) => ({
  file: `${name}.js`,
  hash: digest('sha256', code, 'hex').slice(0, 8),
  integrity: `sha256-${digest('sha256', code, 'base64')}`,
})

/** Files that the loader loads when they are needed. */
const LATER = ['card', 'live', 'moments']
const [loader, ...later] = await Promise.all(['loader', ...LATER].map((name) => bundle(`src/${name}/main.ts`)))
if (loader.split(PLACEHOLDER).length !== 2) throw new Error(`The loader must contain ${PLACEHOLDER} exactly once.`)

/** Scripts of the server's own pages: each file of src/dashboard is one, under `dashboard-` and its name. */
const pages = (await readdir(new URL('src/dashboard/', here))).filter((file) => file.endsWith('.ts')).sort()
const scripts = await Promise.all(pages.map((file) => bundlePage(`src/dashboard/${file}`)))

const meta = Object.fromEntries(LATER.map((name, index) => [name, pinned(name, later[index])]))
await mkdir(target, { recursive: true })
await Promise.all([
  writeFile(new URL('loader.js', target), loader),
  ...LATER.map((name, index) => writeFile(new URL(`${name}.js`, target), later[index])),
  ...pages.map((file, index) => writeFile(new URL(`dashboard-${file.replace('.ts', '.js')}`, target), scripts[index])),
  writeFile(new URL('meta.json', target), JSON.stringify(meta, null, 2) + '\n'),
])
console.log([`loader ${loader.length}`, ...LATER.map((name, index) => `${name} ${later[index].length}`)].join(', '), 'bytes')
