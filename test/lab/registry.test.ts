import t from 'tap'
import { registryCases } from './registry-cases.ts'
import { INVENTORY, LAB_FOLDER, NODE_ADDRESSES, provision, startStory } from './site.ts'

/* The registry on the real lab. */

const down = await startStory()
provision()
registryCases(t, { inventory: INVENTORY, dir: LAB_FOLDER, nodes: NODE_ADDRESSES })
down()
