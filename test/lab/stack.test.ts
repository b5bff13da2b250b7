import t from 'tap'
import { INVENTORY, provision, startStory } from './site.ts'
import { stackCases } from './stack-cases.ts'

/* Stacks and balancers on the real lab. */

const down = await startStory()
provision()
stackCases(t, INVENTORY)
down()
