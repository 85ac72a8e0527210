/** Gives every sample of a page a button that copies it. */
import { addCopyButton } from '../shared/copyButton.ts'

if (navigator.clipboard) document.querySelectorAll<HTMLElement>('.sample').forEach(addCopyButton)
