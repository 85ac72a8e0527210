/**
 * What the server says now, read when the page loads. The whole loader waits for it and, where it does not come, is not
 * there: its build catches what this throws.
 *
 * The address is that of the script itself, with the project's `data-key` in place of its name. `currentScript` has to
 * be asked before anything is waited for, so `script.ts`, which asks too, is read first.
 */
import '../loader/script.ts'
import type { Config } from '../wire.ts'

const { src, dataset } = document.currentScript as HTMLScriptElement

const reply = await fetch(src.replace(/[^/]*$/, dataset['key'] + '.json'))
if (!reply.ok) throw 0

export const given: Config = await reply.json()
