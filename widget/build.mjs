/**
 * Build the loader and the files that it loads (tact, card, more, live, moments) into the server's static files, the same bytes every time.
 *
 * esbuild bundles, terser minifies: one after the other saves 5 %. Names that begin with `_` are private and get short
 * ones. The loader is served with the project's configuration in place of its placeholder; the others under names
 * with their hash, pinned by `integrity`. The pinned loader is the same loader under such a name.
 */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build, transform } from 'esbuild'
import { minify } from 'terser'

const PLACEHOLDER = '"__TACTFUL_CONFIG__"'
/** Where the file that asks tells the card's name and hash, which it alone has to know. */
const CARD = '"__TACTFUL_CARD__"'
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

/** The pinned loader reads its configuration from the server, where the other has it written in. */
const asksForConfig = {
  name: 'asks-for-config',
  setup: ({ onResolve }) => onResolve({ filter: /^\.\/given\.ts$/ }, () => ({ path: fileURLToPath(new URL('src/pinned/given.ts', here)) })),
}

const bundle = async (entry, pinned) => {
  const built = await build({
    entryPoints: [fileURLToPath(new URL(entry, here))],
    bundle: true,
    format: 'esm',
    target: pinned ? 'es2022' : 'es2021',
    minifySyntax: true,
    plugins: pinned ? [cssText, asksForConfig] : [cssText],
    tsconfigRaw: { compilerOptions: { alwaysStrict: false, useDefineForClassFields: false } },
    write: false,
  })
  const { code } = await minify(built.outputFiles[0].text, {
    ecma: 2021,
    module: pinned,
    toplevel: true,
    compress: { passes: 5, unsafe_arrows: true, pure_getters: true },
    mangle: { properties: { regex: /^_./ } },
  })
  // Wrapped last: terser unwraps what esbuild wraps, and its names would be the host page's.
  const body = code.replace(/;$/, '')
  return pinned ? `(async()=>{${body}})().catch(()=>{})` : `(()=>{${body}})()`
}

/** A script of our own pages: libraries in it keep their names, since some are looked up by text, and their licences. */
const bundlePage = async (entry) => {
  const entryPoints = [fileURLToPath(new URL(entry, here))]
  const built = await build({ entryPoints, bundle: true, format: 'iife', target: 'es2022', minify: true, legalComments: 'eof', write: false })
  return built.outputFiles[0].text
}

const digest = (algorithm, code, encoding) => createHash(algorithm).update(code).digest(encoding)

const pin = (name, code) => ({
  file: `${name}.js`,
  hash: digest('sha256', code, 'hex').slice(0, 8),
  integrity: `sha256-${digest('sha256', code, 'base64')}`,
})

/** Files that never change under their names: the pinned loader, and what a loader loads when it is needed. */
const PINNED = ['pinned', 'card', 'more', 'live', 'moments', 'tact']
const LATER = PINNED.slice(1)
const [loader, ...later] = await Promise.all([
  bundle('src/loader/main.ts', false),
  bundle('src/loader/main.ts', true),
  ...LATER.map((name) => bundle(`src/${name}/main.ts`, false)),
])
if (loader.split(PLACEHOLDER).length !== 2) throw new Error(`The loader must contain ${PLACEHOLDER} exactly once.`)

/** Scripts of the server's own pages: each file of src/dashboard is one, under `dashboard-` and its name. */
const pages = (await readdir(new URL('src/dashboard/', here))).filter((file) => file.endsWith('.ts')).sort()
const scripts = await Promise.all(pages.map((file) => bundlePage(`src/dashboard/${file}`)))

const card = later[PINNED.indexOf('card')]
const tact = later.pop()
if (tact.split(CARD).length !== 2) throw new Error(`The file that asks must contain ${CARD} exactly once.`)
const { hash, integrity } = pin('card', card)
later.push(tact.replace(CARD, JSON.stringify({ url: `card-${hash}.js`, integrity })))

const meta = Object.fromEntries(PINNED.map((name, index) => [name, pin(name, later[index])]))
await mkdir(target, { recursive: true })
await Promise.all([
  writeFile(new URL('loader.js', target), loader),
  ...PINNED.map((name, index) => writeFile(new URL(`${name}.js`, target), later[index])),
  ...pages.map((file, index) => writeFile(new URL(`dashboard-${file.replace('.ts', '.js')}`, target), scripts[index])),
  writeFile(new URL('meta.json', target), JSON.stringify(meta, null, 2) + '\n'),
])
console.log([`loader ${loader.length}`, ...PINNED.map((name, index) => `${name} ${later[index].length}`)].join(', '), 'bytes')
