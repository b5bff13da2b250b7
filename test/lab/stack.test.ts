import { INVENTORY, PROVISIONED, provision, startStory } from './site.ts'
import { stackCases } from './stack-cases.ts'

/* Stacks and balancers on the real lab. */

const { step, down } = await startStory()
provision(step)
stackCases((name, body) => step(name, body, [PROVISIONED]), INVENTORY)
down()
