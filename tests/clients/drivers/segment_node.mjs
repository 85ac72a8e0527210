// @segment/analytics-node, by its public settings alone.

import { Analytics } from '@segment/analytics-node'
import { drive } from './driver.mjs'

const [host, writeKey] = process.argv.slice(2)
const analytics = new Analytics({ host, writeKey, httpRequestTimeout: 1000 })

await drive({
  identify: (userId, traits) => analytics.identify({ userId, traits }),
  group: (userId, groupId, traits) => analytics.group({ userId, groupId, traits }),
  track: (userId, event, properties) => analytics.track({ userId, event, properties }),
  flush: () => analytics.flush(),
})
