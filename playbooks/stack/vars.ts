import { defineVars, varTypes } from 'labbook'

export const stackVars = defineVars('stack', {
  file: { refersTo: 'file', schema: varTypes.text(), description: 'the compose file, or its directory' },
  name: {
    schema: varTypes.text(),
    shownDefault: "the compose file's directory, as Docker Compose names projects",
    description: 'name of the stack',
  },
  state: {
    schema: varTypes.oneOf(['present', 'absent']),
    default: 'present',
    description: '`absent` removes the stack; its volumes stay',
  },
  prune: {
    schema: varTypes.boolean(),
    shownDefault: 'removes what this file deployed before, and stops if there are others',
    description: 'removes the services of the stack that the file does not define (`true`), or keeps them (`false`)',
  },
  stack_timeout: {
    schema: varTypes.number(1, 86_400),
    default: 240,
    description: 'seconds to wait for convergence',
  },
  stack_resolve_image: {
    schema: varTypes.oneOf(['always', 'changed', 'never']),
    shownDefault: "Docker's default",
    description: 'resolves digests at registries',
  },
})
