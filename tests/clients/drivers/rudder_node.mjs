// @rudderstack/rudder-sdk-node, by its public settings alone.

import RudderAnalytics from '@rudderstack/rudder-sdk-node'
import { drive } from './driver.mjs'

const [dataPlaneUrl, writeKey] = process.argv.slice(2)
const client = new RudderAnalytics(writeKey, { dataPlaneUrl })

await drive({
  identify: (userId, traits) => void client.identify({ userId, traits }),
  group: (userId, groupId, traits) => void client.group({ userId, groupId, traits }),
  track: (userId, event, properties) => void client.track({ userId, event, properties }),
  flush: () => client.flush(),
})
