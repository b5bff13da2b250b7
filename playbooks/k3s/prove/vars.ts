import { defineVars, varTypes } from 'labbook'
import { KUBERNETES_KINDS } from './kinds.ts'

export const kubernetesProveVars = defineVars('prove on Kubernetes', {
  manifests: {
    schema: varTypes.text(),
    description: 'a manifest file, or a directory of them (YAML or JSON), for `k3s.mjs prove`',
  },
  experiments: {
    schema: varTypes.list(),
    shownDefault: 'all',
    description: `the experiments of \`k3s.mjs prove\`: ${KUBERNETES_KINDS.map((kind) => `\`${kind}\``).join(', ')}`,
  },
})
