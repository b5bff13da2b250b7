import type { ReportQuestion } from 'labbook'

/** Docker's advice, checked on the nodes. */
export const PRACTICES_QUESTIONS: readonly ReportQuestion[] = [
  {
    text: {
      en: 'Do the nodes follow Docker’s advice on security?',
      ru: 'Следуют ли узлы рекомендациям по безопасности?',
    },
    answeredBy: ['docker.audit.security'],
    pictures: ['advice-on-security'],
    references: [{ title: 'Docker: security', url: 'https://docs.docker.com/engine/security/' }],
  },
  {
    text: {
      en: 'Do the nodes follow Docker’s advice on operations?',
      ru: 'Следуют ли узлы рекомендациям по эксплуатации?',
    },
    answeredBy: ['docker.audit.operations'],
    pictures: ['advice-on-operations'],
    references: [
      { title: 'Docker: administer a Swarm', url: 'https://docs.docker.com/engine/swarm/admin_guide/' },
      { title: 'Docker: resource constraints', url: 'https://docs.docker.com/engine/containers/resource_constraints/' },
    ],
  },
]
