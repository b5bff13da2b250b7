import type { ReportQuestion } from 'labbook'

/** The balancer beside the routing mesh. */
export const BALANCING_QUESTIONS: readonly ReportQuestion[] = [
  {
    text: {
      en: 'Does the balancer of every node route each path to its app?',
      ru: 'Направляет ли балансировщик каждого узла каждый путь в своё приложение?',
    },
    answeredBy: ['balancer.paths'],
    pictures: ['network-of-the-load-balancer', 'responding-replicas-at-app1'],
    references: [
      {
        title: 'Docker: external load balancer',
        url: 'https://docs.docker.com/engine/swarm/ingress/#configure-an-external-load-balancer',
      },
    ],
  },
  {
    text: {
      en: 'Do sticky sessions, and nothing else, keep a client on one replica?',
      ru: 'Закрепляют ли клиента за одной репликой sticky sessions, и только они?',
    },
    answeredBy: ['balancer.sticky'],
    pictures: ['one-client-with-cookies', 'a-new-client-per-request'],
  },
  {
    text: { en: 'Does the balancer avoid a stopped replica?', ru: 'Обходит ли балансировщик остановленную реплику?' },
    answeredBy: ['balancer.health', 'balancer.'],
    pictures: ['requests-after-the-replica-stopped'],
  },
  {
    text: {
      en: 'Does the balancer do what the routing mesh alone cannot?',
      ru: 'Даёт ли балансировщик то, чего не может один routing mesh?',
    },
    answeredBy: ['balancer.mesh.'],
    pictures: ['publish-a-second-service', 'one-connection-through-the-balancer'],
    references: [
      {
        title: 'Docker: publish ports of a service',
        url: 'https://docs.docker.com/engine/swarm/services/#publish-ports',
      },
    ],
  },
]
