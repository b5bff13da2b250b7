import { defineVars, varTypes } from 'labbook'

export const proveVars = defineVars('prove', {
  stack: { schema: varTypes.text(), description: 'name of a running stack, in place of `file`' },
  services: {
    schema: varTypes.list(),
    shownDefault: 'all except stateful and one-shot ones',
    description: 'the services to disturb; stateful ones are disturbed only if named here',
  },
  try: {
    schema: varTypes.boolean(),
    default: false,
    description: 'deploys the suggested changes, and runs the failed experiments again',
  },
})
