import { defineVars, varTypes } from 'labbook'

export const stackVars = defineVars('stack', {
  file: { schema: varTypes.text(), description: 'the compose file, or its directory' },
  name: {
    schema: varTypes.text(),
    shownDefault: 'directory (`shop/compose.yaml`) or file name (`shop.yml`)',
    description: 'name of the stack',
  },
  state: {
    schema: varTypes.oneOf(['present', 'absent']),
    default: 'present',
    description: '`absent` removes the stack; its volumes stay',
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
