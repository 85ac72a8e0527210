/** Events on their way: gathered for one turn of the event loop, then sent as one request. */
import type { Message } from '../wire.ts'
import { awake } from './consent.ts'
import { scene } from './identity.ts'
import { newId } from './newId.ts'
import { post } from './outbox.ts'
import { safely } from './safely.ts'

let events: Message[] = []

/** Send what has gathered, as the person of this moment. To `ask` what waits for them, nothing need have gathered. */
export const flush = safely((ask?: unknown) => {
  const gathered = events.splice(0)
  if (awake && (ask || gathered[0])) post('events', { ...scene(), events: gathered })
})

export const add = (message: Omit<Message, 'message_id'>): void => {
  setTimeout(flush)
  events.push({ message_id: newId(), ...message })
}
