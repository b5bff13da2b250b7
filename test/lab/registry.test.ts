import { registryCases } from './registry-cases.ts'
import { INVENTORY, LAB_FOLDER, NODE_ADDRESSES, PROVISIONED, provision, startStory } from './site.ts'

/* The registry on the real lab. */

const { step, down } = await startStory()
provision(step)
registryCases((name, body) => step(name, body, [PROVISIONED]), {
  inventory: INVENTORY,
  dir: LAB_FOLDER,
  nodes: NODE_ADDRESSES,
})
down()
